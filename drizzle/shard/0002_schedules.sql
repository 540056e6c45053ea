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
CREATE INDEX `schedules_by_wake` ON `schedules` (`wake_at`);