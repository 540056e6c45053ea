/**
 * Patterns of definitions. JavaScript's own engine matches by trying, and some patterns keep it busy for
 * longer than anybody waits; these are matched by RE2's way, in a time that grows with the text and
 * no faster. It has no way to look around or back (`(?=…)`, `\1`): such patterns are refused.
 */
import { RE2JS } from "re2js";
import { LIMITS } from "../../model/limits";
import { shortened } from "../../model/printable";

/** Made once for each pattern: an expression makes its own anew in each evaluation. */
const compiled = new WeakMap<RegExp, RE2JS>();

function compile(pattern: RegExp): RE2JS {
	let made = compiled.get(pattern);
	if (made === undefined) {
		const flags =
			(pattern.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) |
			(pattern.multiline ? RE2JS.MULTILINE : 0) |
			(pattern.dotAll ? RE2JS.DOTALL : 0);
		made = RE2JS.compile(RE2JS.translateRegExp(withSpaces(pattern.source)), flags);
		compiled.set(pattern, made);
	}
	return made;
}

/** What `\s` means to JavaScript beyond ASCII. */
const SPACES = "\\s\\v\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";

function withSpaces(source: string): string {
	let isInClass = false;
	return source.replace(/\\[\s\S]|[[\]]/g, (sign) => {
		if (sign === "[" || sign === "]") isInClass = sign === "[";
		if (sign === "\\s") return isInClass ? SPACES : `[${SPACES}]`;
		return sign === "\\S" && !isInClass ? `[^${SPACES}]` : sign;
	});
}

/** What is wrong with a pattern; undefined: nothing. */
export function patternFault(pattern: RegExp): string | undefined {
	const shown = `the pattern /${shortened(pattern.source)}/`;
	try {
		const size = compile(pattern).programSize();
		const max = LIMITS.patternSize;
		return size > max
			? `${shown} comes to ${size} instructions of at most ${max}: write fewer repetitions like {100}`
			: undefined;
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		return `${shown} cannot be matched in bounded time: ${why}`;
	}
}

/** The first fault of the patterns in a parsed expression. */
export function patternFaultIn(node: unknown): string | undefined {
	if (node instanceof RegExp) return patternFault(node);
	if (typeof node !== "object" || node === null) return undefined;
	for (const part of Object.values(node)) {
		const fault = patternFaultIn(part);
		if (fault !== undefined) return fault;
	}
	return undefined;
}

/** What of a `RegExp` is asked of a pattern: in place of one. */
export class LinearPattern {
	lastIndex = 0;
	readonly #pattern: RegExp;
	readonly #charge: (work: number) => void;

	/** `charge` is told what a match may cost, before it is looked for. */
	constructor(pattern: RegExp, charge: (work: number) => void = () => {}) {
		this.#pattern = pattern;
		this.#charge = charge;
	}

	/** As that of a pattern with the flag `g`. */
	exec(
		text: string,
	): { index: number; [group: number]: string | undefined; length: number } | null {
		const pattern = compile(this.#pattern);
		const from = this.lastIndex;
		this.lastIndex = 0;
		if (from > text.length) return null;
		this.#charge((text.length - from + 1) * pattern.programSize());
		const matcher = pattern.matcher(text);
		if (!matcher.find(from)) return null;
		const groups = Array.from(
			{ length: matcher.groupCount() + 1 },
			(_, group) => matcher.group(group) ?? undefined,
		);
		this.lastIndex = matcher.end();
		return Object.assign(groups, { index: matcher.start() });
	}

	test(text: string): boolean {
		return compile(this.#pattern).test(text);
	}

	toString(): string {
		return String(this.#pattern);
	}
}
