ALTER TABLE `workflow` ADD `overrides` text;--> statement-breakpoint
ALTER TABLE `workflow` ADD `restarts` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `metadata` text;