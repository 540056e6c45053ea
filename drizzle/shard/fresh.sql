CREATE TABLE `instances` (
	`id` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`seq` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);

CREATE INDEX `instances_by_creation` ON `instances` (`created_at`,`id`);
CREATE TABLE `shard` (
	`row` integer PRIMARY KEY NOT NULL,
	`schema` integer NOT NULL,
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

