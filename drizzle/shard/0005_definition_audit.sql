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
