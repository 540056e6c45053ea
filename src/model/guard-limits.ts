/**
 * The limits that the guard of a type keeps: what the type declares, and what an operator has put
 * in its place while the service runs.
 */

import { LIMITS } from "./limits";
import { requireKnown, wholeNumber } from "./options";
import {
	type ConcurrencyPolicy,
	type RateOptions,
	type RatePolicy,
	ratePolicy,
	SLOT_RANGES,
} from "./type-policy";

export interface GuardLimits {
	/** Instances of the type at work at once; null: as many as come. */
	readonly limit: number | null;
	/** Of each key; null: as many as come. */
	readonly keyLimit: number | null;
	/** New instances that may wait. */
	readonly maxQueued: number;
	/** Null: they start as fast as they come. */
	readonly rate: RatePolicy | null;
}

/**
 * What an operator asks for; what is left out stays as it is, null is as the type declares again,
 * and a limit of 0 is none.
 *
 * @example
 * { concurrency: { limit: 5 }, rate: { limit: 100, per: "1m" } }
 */
export interface LimitChanges {
	readonly concurrency?: SlotOverrides | null | undefined;
	readonly rate?: RateOptions | null | undefined;
}

interface SlotOverrides {
	readonly limit?: number | undefined;
	readonly keyLimit?: number | undefined;
	readonly maxQueued?: number | undefined;
}

/** What of a type's limits an operator has set. 0: none, whatever the type declares. */
export interface LimitOverrides {
	readonly concurrency?: SlotOverrides;
	readonly rate?: RatePolicy;
}

/** What the type declares, as far as the guard needs it. */
export interface DeclaredLimits {
	readonly concurrency: ConcurrencyPolicy | null;
	readonly rate: RatePolicy | null;
}

/** The limits in force. */
export function limitsInForce(
	{ concurrency, rate }: DeclaredLimits,
	overrides: LimitOverrides,
): GuardLimits {
	const { limit, keyLimit, maxQueued } = overrides.concurrency ?? {};
	const inPlace = overrides.rate ?? rate;
	return {
		limit: (limit ?? concurrency?.limit) || null,
		keyLimit: (keyLimit ?? concurrency?.keyLimit) || null,
		maxQueued: maxQueued ?? concurrency?.maxQueued ?? LIMITS.queuedInstances,
		rate: inPlace?.limit ? inPlace : null,
	};
}

/** Whether instances need a slot to start. */
export function isGuarded(limits: Pick<GuardLimits, "limit" | "keyLimit" | "rate">): boolean {
	return limits.limit !== null || limits.keyLimit !== null || limits.rate !== null;
}

/** `before` with the changes made. @throws {ValidationError} with nothing changed. */
export function withLimitChanges(before: LimitOverrides, changes: LimitChanges): LimitOverrides {
	requireKnown(changes, ["concurrency", "rate"], "limits");
	const { concurrency, rate } = changes;
	const after: { -readonly [Name in keyof LimitOverrides]: LimitOverrides[Name] } = { ...before };
	if (concurrency === null) delete after.concurrency;
	else if (concurrency !== undefined) {
		after.concurrency = { ...before.concurrency, ...slotOverrides(concurrency) };
	}
	if (rate === null) delete after.rate;
	else if (rate !== undefined) after.rate = ratePolicy(rate, { min: 0 });
	return after;
}

function slotOverrides(given: SlotOverrides): SlotOverrides {
	requireKnown(given, ["limit", "keyLimit", "maxQueued"], "concurrency");
	for (const [name, range] of Object.entries(SLOT_RANGES)) {
		const value = given[name as keyof SlotOverrides]; // SLOT_RANGES has these keys.
		if (value !== undefined) wholeNumber(value, `concurrency.${name}`, range);
	}
	return given;
}
