CREATE TABLE `audit` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`reason` text,
	`key` text,
	`detail` text
);

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

CREATE TABLE `past_steps` (
	`row` integer PRIMARY KEY NOT NULL,
	`run` integer NOT NULL,
	`key` text NOT NULL,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`attempts` integer NOT NULL,
	`result` text,
	`error` text,
	`started_at` integer NOT NULL,
	`completed_at` integer
);

CREATE TABLE `runs` (
	`run` integer PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`result` text,
	`error` text,
	`started_at` integer,
	`completed_at` integer
);

CREATE TABLE `step_errors` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`run` integer NOT NULL,
	`step` text,
	`attempt` integer,
	`panic` integer NOT NULL,
	`error` text NOT NULL
);

