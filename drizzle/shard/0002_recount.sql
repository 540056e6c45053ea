ALTER TABLE `shard` ADD `recounted_to` text;--> statement-breakpoint
ALTER TABLE `shard` ADD `recounted` text;