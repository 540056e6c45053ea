/** Who asks for a change, and why: checked alike wherever it comes in. */
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { shortened } from "./printable";
import type { By } from "./rpc";

const FIELDS = {
	actor: LIMITS.actorLength,
	reason: LIMITS.reasonLength,
	key: LIMITS.idempotencyKeyLength,
} as const;

/** Returns `by` when its texts are well-formed and no longer than their limits. */
export function parseBy(by: By | undefined): By | undefined {
	if (by === undefined) return undefined;
	for (const [field, lengthMax] of Object.entries(FIELDS)) {
		const text: unknown = by[field as keyof By];
		if (text === undefined && field !== "actor") continue;
		const fits = typeof text === "string" && text.length > 0 && text.length <= lengthMax;
		if (fits && text.isWellFormed()) continue;
		throw new ValidationError(
			`by.${field} is a text of 1 to ${lengthMax} characters; received ${typeof text === "string" ? JSON.stringify(shortened(text)) : typeof text}.`,
			{ path: `by.${field}` },
		);
	}
	return by;
}
