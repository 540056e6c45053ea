CREATE TABLE `defined_types` (
	`type` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`is_there` integer NOT NULL
);

CREATE TABLE `directory` (
	`row` integer PRIMARY KEY NOT NULL,
	`schema` integer NOT NULL
);

