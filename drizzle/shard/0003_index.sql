CREATE TABLE `minutes` (
	`minute` integer PRIMARY KEY NOT NULL,
	`throughput` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `reindex_ids` (
	`row` integer PRIMARY KEY NOT NULL,
	`ids` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `reindex` (
	`row` integer PRIMARY KEY NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer,
	`shards` integer NOT NULL,
	`cursor` text NOT NULL,
	`checked` integer NOT NULL,
	`repaired` integer NOT NULL,
	`removed` integer NOT NULL,
	`added` integer NOT NULL,
	`unanswered` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tags` (
	`row` integer PRIMARY KEY NOT NULL,
	`tag` text NOT NULL,
	`created_at` integer NOT NULL,
	`id` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `tags_by_tag` ON `tags` (`tag`,`created_at`,`id`);--> statement-breakpoint
DROP INDEX `instances_by_creation`;--> statement-breakpoint
ALTER TABLE `instances` ADD `attributes` text;--> statement-breakpoint
CREATE INDEX `instances_by_status` ON `instances` (`status`,`created_at`,`id`);--> statement-breakpoint
ALTER TABLE `shard` ADD `counts` text;--> statement-breakpoint
ALTER TABLE `shard` ADD `removed` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `shard` ADD `last_execution_at` integer;--> statement-breakpoint
ALTER TABLE `shard` ADD `minute` integer;--> statement-breakpoint
ALTER TABLE `shard` ADD `throughput` text;--> statement-breakpoint
ALTER TABLE `shard` ADD `shards` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `shard` ADD `type_status` text DEFAULT 'active' NOT NULL;