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
	`schema` integer NOT NULL
);

