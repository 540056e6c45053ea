ALTER TABLE `steps` ADD `parent` text;--> statement-breakpoint
ALTER TABLE `steps` ADD `parent_attempt` integer;