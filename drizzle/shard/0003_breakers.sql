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
