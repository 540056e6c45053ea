CREATE TABLE `carried` (
	`row` integer PRIMARY KEY NOT NULL,
	`schema` integer NOT NULL,
	`text` text NOT NULL
);

