CREATE TABLE `events` (
	`seq` integer PRIMARY KEY NOT NULL,
	`event` text NOT NULL,
	`payload` text NOT NULL,
	`received_at` integer NOT NULL,
	`step` text,
	`actor` text,
	`reason` text,
	`key` text,
	`fingerprint` integer
);

CREATE TABLE `steps` (
	`seq` integer PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`attempts` integer NOT NULL,
	`result` text,
	`error` text,
	`event` text,
	`started_at` integer NOT NULL,
	`wake_at` integer,
	`completed_at` integer,
	`outcome` integer
);

CREATE TABLE `workflow` (
	`row` integer PRIMARY KEY NOT NULL,
	`schema` integer NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`version` text,
	`status` text NOT NULL,
	`reason` text,
	`payload` text NOT NULL,
	`result` text,
	`error` text,
	`not_before` integer,
	`deadline_at` integer,
	`run` integer DEFAULT 1 NOT NULL,
	`started_at` integer,
	`attributes` text,
	`priority` integer DEFAULT 0 NOT NULL,
	`shard` integer DEFAULT 0 NOT NULL,
	`slot` text,
	`slot_key` text,
	`slot_seq` integer DEFAULT 0 NOT NULL,
	`slot_acked_seq` integer DEFAULT 0 NOT NULL,
	`removing` integer DEFAULT 0 NOT NULL,
	`history_schema` integer DEFAULT 0 NOT NULL,
	`created_by` text,
	`create_reason` text,
	`create_key` text,
	`create_fingerprint` integer,
	`strikes` integer NOT NULL,
	`progress` integer NOT NULL,
	`status_seq` integer NOT NULL,
	`indexed_seq` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`completed_at` integer
);

