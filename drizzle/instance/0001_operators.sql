ALTER TABLE `events` ADD `step` text;--> statement-breakpoint
ALTER TABLE `events` ADD `actor` text;--> statement-breakpoint
ALTER TABLE `events` ADD `reason` text;--> statement-breakpoint
ALTER TABLE `events` ADD `key` text;--> statement-breakpoint
ALTER TABLE `events` ADD `fingerprint` integer;--> statement-breakpoint
ALTER TABLE `workflow` ADD `run` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `started_at` integer;--> statement-breakpoint
ALTER TABLE `workflow` ADD `attributes` text;--> statement-breakpoint
ALTER TABLE `workflow` ADD `priority` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `shard` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `slot` text;--> statement-breakpoint
ALTER TABLE `workflow` ADD `slot_key` text;--> statement-breakpoint
ALTER TABLE `workflow` ADD `slot_seq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `slot_acked_seq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `removing` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `history_schema` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workflow` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `workflow` ADD `create_reason` text;--> statement-breakpoint
ALTER TABLE `workflow` ADD `create_key` text;--> statement-breakpoint
ALTER TABLE `workflow` ADD `create_fingerprint` integer;