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
ALTER TABLE `shard` ADD `limits` text;