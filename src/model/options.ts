/** Checks that options objects share. */
import { ValidationError } from "./errors";

/** Refuses what is no object, and options that are not known; `where` names the object. */
export function requireKnown(options: unknown, known: readonly string[], where: string): void {
	const isObject = typeof options === "object" && options !== null;
	const unknown = isObject ? Object.keys(options).find((key) => !known.includes(key)) : undefined;
	if (isObject && unknown === undefined) return;
	throw new ValidationError(
		`${where} expects options with ${listed(known)}; received ${isObject ? `"${unknown}"` : typeof options}.`,
		{ path: unknown ?? "options" },
	);
}

/** Returns `value` when it is a whole number in the range; `path` names the option. */
export function wholeNumber(
	value: unknown,
	path: string,
	range: { min: number; max: number },
): number {
	const { min, max } = range;
	if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
		return value as number;
	}
	throw new ValidationError(
		`${path} is a whole number from ${min} to ${max}; received ${String(value)}.`,
		{ path },
	);
}

function listed(words: readonly string[]): string {
	return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
