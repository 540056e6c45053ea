CREATE TABLE `breakers` (
	`row` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`period` integer NOT NULL,
	`failures` integer NOT NULL,
	`counted` text NOT NULL,
	`last_failure_at` integer NOT NULL,
	`opened_at` integer,
	`trial_caller` text,
	`trial_since` integer,
	`trial_ms` integer,
	`failure_threshold` integer NOT NULL,
	`reset_timeout_ms` integer NOT NULL
);

CREATE TABLE `definition_audit` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`action` text NOT NULL,
	`actor` text NOT NULL,
	`reason` text,
	`version` text NOT NULL,
	`hash` text NOT NULL,
	`key` text,
	`request` text NOT NULL
);

CREATE TABLE `definitions` (
	`seq` integer PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`version` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`text` text NOT NULL,
	`bytes` integer NOT NULL,
	`stored_at` integer NOT NULL,
	`actor` text NOT NULL,
	`reason` text
);

CREATE TABLE `instances` (
	`id` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`seq` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`attributes` text
);

CREATE INDEX `instances_by_status` ON `instances` (`status`,`created_at`,`id`);
CREATE TABLE `minutes` (
	`minute` integer PRIMARY KEY NOT NULL,
	`throughput` text NOT NULL
);

CREATE TABLE `reindex_ids` (
	`row` integer PRIMARY KEY NOT NULL,
	`ids` text NOT NULL
);

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

CREATE INDEX `schedule_runs_by_schedule` ON `schedule_runs` (`schedule`,`seq`);
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

CREATE INDEX `schedules_by_wake` ON `schedules` (`wake_at`);
CREATE TABLE `shard` (
	`row` integer PRIMARY KEY NOT NULL,
	`schema` integer NOT NULL,
	`counts` text,
	`removed` integer DEFAULT 0 NOT NULL,
	`last_execution_at` integer,
	`minute` integer,
	`throughput` text,
	`definition` integer,
	`directory_seq` integer DEFAULT 0 NOT NULL,
	`directory_acked_seq` integer DEFAULT 0 NOT NULL,
	`recounted_to` text,
	`recounted` text,
	`shards` integer DEFAULT 1 NOT NULL,
	`type_status` text DEFAULT 'active' NOT NULL,
	`limits` text
);

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

CREATE TABLE `starts` (
	`start` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
);

CREATE TABLE `tags` (
	`row` integer PRIMARY KEY NOT NULL,
	`tag` text NOT NULL,
	`created_at` integer NOT NULL,
	`id` text NOT NULL
);

CREATE INDEX `tags_by_tag` ON `tags` (`tag`,`created_at`,`id`);
