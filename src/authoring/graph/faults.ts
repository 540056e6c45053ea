/**
 * The faults that one parsing finds, at most `LIMITS.graphFaults` of them, and the words that their
 * messages share: what was expected, what came, and what might have been meant.
 */
import { distance } from "fastest-levenshtein";
import type { Fault } from "../../model/definition";
import { LIMITS } from "../../model/limits";
import { shortened } from "../../model/printable";
import type { Json } from "./definition";
import type { Value } from "./document";

/** Where something stands in the submitted text. */
export interface Located {
	/** JSON pointer. */
	readonly path: string;
	/** From 1. */
	readonly line: number;
	/** From 1, in UTF-16 code units, as editors count. */
	readonly column: number;
}

/** A word of the text in a message is no longer than this, a whole path than that. */
const WORD_LENGTH = 60;
const PATH_LENGTH = 2_000;
/** Longer words are no mistyped names. */
const NAME_LENGTH = 64;
const LISTED_MAX = 24;

export class Faults {
	readonly #faults: Fault[] = [];

	get count(): number {
		return this.#faults.length;
	}

	/** Whether further ones are not taken: then nobody needs to look for them. */
	get isFull(): boolean {
		return this.#faults.length >= LIMITS.graphFaults;
	}

	add({ path, line, column }: Located, message: string): void {
		if (this.isFull) return;
		this.#faults.push({ path: shortened(path, PATH_LENGTH), message, line, column });
	}

	expected(value: Value, what: string): void {
		const received =
			value.kind === "object" ? "an object" : value.kind === "list" ? "a list" : shown(value.value);
		this.add(value, `Expected ${what}; received ${received}.`);
	}

	/** In the order of the text. */
	sorted(): Fault[] {
		return this.#faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
	}
}

/** A value, for a message. */
export function shown(value: Json): string {
	if (Array.isArray(value)) return "a list";
	if (typeof value === "string") return quoted(value);
	if (typeof value !== "object" || value === null) return String(value);
	return "an object";
}

export function quoted(text: string): string {
	return JSON.stringify(shortened(text, WORD_LENGTH));
}

/** As ` Did you mean "http"?`; nothing when none of the known names is near. */
export function suggestion(word: string, known: Iterable<string>): string {
	if (word.length > NAME_LENGTH) return "";
	const wanted = word.toLowerCase();
	let nearest: string | undefined;
	// Every third letter may be wrong.
	let least = Math.ceil(word.length / 3) + 1;
	for (const name of known) {
		if (Math.abs(name.length - wanted.length) >= least) continue;
		const away = mistypings(wanted, name.toLowerCase());
		if (away < least) {
			least = away;
			nearest = name;
		}
	}
	return nearest === undefined ? "" : ` Did you mean ${quoted(nearest)}?`;
}

/** Letters in the wrong order are one mistyping. */
function mistypings(word: string, name: string): number {
	const letters = (text: string) => [...text].sort().join("");
	return word !== name && letters(word) === letters(name) ? 1 : distance(word, name);
}

/** The names that there are, the first ones of many. */
export function listed(names: Iterable<string>): string {
	const all = [...names];
	const more = all.length > LISTED_MAX ? `, and ${all.length - LISTED_MAX} more` : "";
	return `${all
		.slice(0, LISTED_MAX)
		.map((name) => shortened(name, WORD_LENGTH))
		.join(", ")}${more}`;
}
