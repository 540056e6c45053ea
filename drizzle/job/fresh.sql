CREATE TABLE `job_errors` (
	`seq` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`code` text NOT NULL,
	`message` text NOT NULL
);

CREATE TABLE `job` (
	`row` integer PRIMARY KEY NOT NULL,
	`schema` integer NOT NULL,
	`id` text NOT NULL,
	`action` text NOT NULL,
	`types` text NOT NULL,
	`filter` text NOT NULL,
	`event` text,
	`payload` text,
	`dry_run` integer NOT NULL,
	`actor` text NOT NULL,
	`reason` text,
	`status` text NOT NULL,
	`matched` integer NOT NULL,
	`succeeded` integer NOT NULL,
	`skipped` integer NOT NULL,
	`failed` integer NOT NULL,
	`pending` text,
	`after` text,
	`is_last` integer NOT NULL,
	`sample` text NOT NULL,
	`failures` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`completed_at` integer
);

