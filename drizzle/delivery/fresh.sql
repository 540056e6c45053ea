CREATE TABLE `letters` (
	`seq` integer PRIMARY KEY NOT NULL,
	`receiver` text NOT NULL,
	`key` text NOT NULL,
	`name` text NOT NULL,
	`at` integer NOT NULL,
	`data` text NOT NULL,
	`attempts` integer NOT NULL,
	`error` text,
	`died_at` integer
);

CREATE TABLE `receivers` (
	`row` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`place` text,
	`attempts` integer NOT NULL,
	`retry_at` integer,
	`error` text,
	`down` integer NOT NULL
);

