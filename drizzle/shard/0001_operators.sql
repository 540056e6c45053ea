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
CREATE TABLE `schedule_runs` (
	`seq` integer PRIMARY KEY NOT NULL,
	`schedule` text NOT NULL,
	`scheduled_at` integer NOT NULL,
	`instance_id` text,
	`outcome` text NOT NULL,
	`reason` text,
	`triggered_by` text,
	`key` text
);
--> statement-breakpoint
CREATE INDEX `schedule_runs_by_schedule` ON `schedule_runs` (`schedule`,`seq`);--> statement-breakpoint
CREATE TABLE `schedules` (
	`name` text PRIMARY KEY NOT NULL,
	`cron` text NOT NULL,
	`timezone` text NOT NULL,
	`payload` text NOT NULL,
	`attributes` text NOT NULL,
	`overlap` text NOT NULL,
	`catch_up` integer NOT NULL,
	`paused` integer NOT NULL,
	`next_at` integer,
	`active_id` text,
	`failures` integer NOT NULL,
	`wake_at` integer,
	`triggered_at` integer NOT NULL,
	`missed` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `schedules_by_wake` ON `schedules` (`wake_at`);--> statement-breakpoint
CREATE TABLE `slots` (
	`slot` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`created_at` integer NOT NULL,
	`seq` integer NOT NULL,
	`state` text NOT NULL,
	`key` text,
	`priority` integer NOT NULL,
	`is_start` integer NOT NULL,
	`ask_at` integer
);
--> statement-breakpoint
CREATE TABLE `starts` (
	`start` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
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
ALTER TABLE `shard` ADD `type_status` text DEFAULT 'active' NOT NULL;--> statement-breakpoint
ALTER TABLE `shard` ADD `limits` text;