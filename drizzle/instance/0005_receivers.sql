ALTER TABLE `workflow` ADD `delivery_schema` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `lost_passes` text;