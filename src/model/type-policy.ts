/**
 * What a type declares about its instances as a crowd: how many at once, how fast they start, how
 * long they are kept. Options are what users write; policies are what the service works with.
 */
import { type Duration, durationMs } from "./duration";
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { requireKnown, wholeNumber } from "./options";
import { isJson } from "./storable";

/** How many instances may be at work at once; further ones stay `created` until a slot is free. */
export interface ConcurrencyOptions<Payload = never> {
	/** 0: as many as come. With `key`: for each key. */
	limit: number;
	/** Instances of the same key share a limit. It sees the payload as `run()` does. */
	key?: (payload: Payload) => string | number;
	/** With `key`: for all keys together. Default: as many as come. */
	total?: number;
	/** Instances that may wait for a slot; past it, create is refused with `QUEUE_FULL`. */
	maxQueued?: number;
	/** Whether a sleeping or waiting instance keeps its slot. Default `"hold"`. */
	whileParked?: "hold" | "release";
}

/** How many instances may start in any stretch of time of length `per`. */
export interface RateOptions {
	limit: number;
	per: Duration | string;
}

export interface ConcurrencyPolicy {
	/** Of the type; null: none. */
	readonly limit: number | null;
	/** Of each key; null: none. */
	readonly keyLimit: number | null;
	readonly maxQueued: number;
	readonly releasesWhileParked: boolean;
	/** Null: all instances are alike. */
	readonly key: ((payload: unknown) => unknown) | null;
}

export interface RatePolicy {
	readonly limit: number;
	readonly perMs: number;
}

/** What a type says of itself, for people who look through the catalogue. */
export interface TypeAbout {
	readonly description: string | null;
	readonly tags: readonly string[];
	/** Plain JSON. */
	readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** What may be asked of a type's slots; 0 of a limit: none. */
export const SLOT_RANGES = {
	limit: { min: 0, max: LIMITS.slots },
	keyLimit: { min: 0, max: LIMITS.slots },
	maxQueued: { min: 0, max: LIMITS.queuedInstances },
} as const;

export function concurrencyPolicy(options: ConcurrencyOptions): ConcurrencyPolicy {
	requireKnown(options, ["limit", "key", "total", "maxQueued", "whileParked"], "concurrency");
	const { key, total, maxQueued = LIMITS.queuedInstances, whileParked = "hold" } = options;
	const limit = wholeNumber(options.limit, "concurrency.limit", SLOT_RANGES.limit) || null;
	if (key !== undefined && typeof key !== "function") {
		throw new ValidationError(
			`concurrency.key is a function of the payload; received ${typeof key}.`,
			{ path: "concurrency.key" },
		);
	}
	if (total !== undefined && key === undefined) {
		throw new ValidationError(
			"concurrency.total goes with concurrency.key; without a key, limit is the total.",
			{ path: "concurrency.total" },
		);
	}
	if (whileParked !== "hold" && whileParked !== "release") {
		throw new ValidationError(
			`concurrency.whileParked is "hold" or "release"; received ${String(whileParked)}.`,
			{ path: "concurrency.whileParked" },
		);
	}
	const all =
		total === undefined ? null : wholeNumber(total, "concurrency.total", SLOT_RANGES.limit) || null;
	return {
		limit: key === undefined ? limit : all,
		keyLimit: key === undefined ? null : limit,
		maxQueued: wholeNumber(maxQueued, "concurrency.maxQueued", SLOT_RANGES.maxQueued),
		releasesWhileParked: whileParked === "release",
		// What the function makes of a payload that it does not expect is the instance's error.
		key: (key as ((payload: unknown) => unknown) | undefined) ?? null,
	};
}

/** `min`: the smallest limit that is taken. */
export function ratePolicy(options: RateOptions, { min } = { min: 1 }): RatePolicy {
	requireKnown(options, ["limit", "per"], "rate");
	const perMs = durationMs(options.per, "rate.per");
	if (perMs === 0) {
		throw new ValidationError("rate.per is longer than no time at all; received 0.", {
			path: "rate.per",
		});
	}
	return {
		limit: wholeNumber(options.limit, "rate.limit", { min, max: LIMITS.rateStarts }),
		perMs,
	};
}

/** How long an ended instance is kept, in ms; 0: for ever. */
export function retentionMs(retention: Duration | string | 0): number {
	return durationMs(retention, "retention");
}

/** How many index shards the instances of a type are spread over. */
export function shardCount(shards: number): number {
	return wholeNumber(shards, "shards", { min: 1, max: LIMITS.shards });
}

/** What the type says of itself, checked. */
export function typeAbout(declared: {
	description?: string;
	tags?: readonly string[];
	metadata?: Readonly<Record<string, unknown>>;
}): TypeAbout {
	const { description = null, tags = [], metadata = null } = declared;
	requireAbout(description === null || typeof description === "string", "description", "a string");
	const isTags = Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
	requireAbout(isTags, "tags", "an array of strings");
	requireAbout(metadata === null || isJson(metadata), "metadata", "an object of plain JSON");
	return { description, tags, metadata };
}

function requireAbout(holds: boolean, path: string, expected: string): void {
	if (!holds) throw new ValidationError(`A type's ${path} is ${expected}.`, { path });
}
