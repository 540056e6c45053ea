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
--> statement-breakpoint
ALTER TABLE `shard` ADD `definition` integer;--> statement-breakpoint
ALTER TABLE `shard` ADD `directory_seq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `shard` ADD `directory_acked_seq` integer DEFAULT 0 NOT NULL;