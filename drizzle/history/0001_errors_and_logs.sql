CREATE TABLE `logs` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`run` integer NOT NULL,
	`position` integer NOT NULL,
	`nth` integer NOT NULL,
	`step` text,
	`attempt` integer,
	`level` text NOT NULL,
	`message` text NOT NULL,
	`fields` text
);
--> statement-breakpoint
CREATE TABLE `step_errors` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`run` integer NOT NULL,
	`step` text,
	`attempt` integer,
	`panic` integer NOT NULL,
	`error` text NOT NULL
);
