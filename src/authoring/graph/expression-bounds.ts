/**
 * What an evaluation of an expression may use. Each operation counts, and those that work on much
 * count more; what JSONata's own functions would make or compare without end is refused before.
 */
import canonicalize from "canonicalize";
import jsonata from "jsonata";
import { LIMITS } from "../../model/limits";

/** Characters of a text, and items of a list, that count as an operation more. */
const PER_OPERATION = 1_000;
/** Of a value that is neither a text nor made of others. */
const LEAF_SIZE = 8;

export class Usage {
	#operations = 0;
	/** Of values that do not change any more. */
	readonly #sizes = new WeakMap<object, number>();

	/** An operation that gave this. @throws {Error} when that is more than may be. */
	add(result: unknown): void {
		const { expressionSteps, expressionTextLength, expressionSize } = LIMITS;
		const isMany = typeof result === "string" || Array.isArray(result);
		this.#operations += 1 + (isMany ? Math.floor(result.length / PER_OPERATION) : 0);
		if (this.#operations > expressionSteps) {
			throw new Error(`it takes more than ${expressionSteps} operations`);
		}
		if (typeof result === "string" && result.length > expressionTextLength) {
			throw new Error(`a text in it has more than ${expressionTextLength} characters`);
		}
		if (this.#sizeOf(result) > expressionSize) {
			throw new Error(`a value in it takes more than ${expressionSize} characters`);
		}
	}

	/** As text, roughly: what stands in several places counts in each. */
	#sizeOf(value: unknown): number {
		if (typeof value === "string") return value.length;
		if (typeof value !== "object" || value === null || !isData(value)) return LEAF_SIZE;
		const known = this.#sizes.get(value);
		if (known !== undefined) return known;
		const parts: unknown[] = Array.isArray(value) ? value : Object.values(value);
		let size = LEAF_SIZE;
		for (const part of parts) size += this.#sizeOf(part);
		this.#sizes.set(value, size);
		return size;
	}
}

/** A list, or an object of data: not a function of JSONata, nor a date or the like. */
function isData(value: object): boolean {
	if (Array.isArray(value)) return true;
	const prototype = Object.getPrototypeOf(value);
	if (prototype !== Object.prototype && prototype !== null) return false;
	return !isFunction(value);
}

export function isFunction(value: object): boolean {
	return "_jsonata_lambda" in value || "_jsonata_function" in value;
}

/** Puts functions that have an end in the place of JSONata's own. */
export function bindFunctions(expression: jsonata.Expression): void {
	const noEval = () => {
		throw new Error("$eval is not to be had here: data would become code");
	};
	expression.registerFunction("eval", noEval, "<sx?:x>");
	expression.registerFunction("pad", padded, "<s-ns?:s>");
	expression.registerFunction("join", joined, "<a<s>s?:s>");
	expression.registerFunction("distinct", distinct, "<x:x>");
	const { now, fromMillis, toMillis } = own();
	expression.registerFunction("now", checked(0, now), "<s?s?:s>");
	expression.registerFunction("fromMillis", checked(1, fromMillis), "<n-s?s?:s>");
	expression.registerFunction("toMillis", checked(1, toMillis), "<s-s?:n>");
}

/** Its own would make a text of any length at once, as would the next. */
function padded(text: string | undefined, width: number, filler = " "): string | undefined {
	if (text === undefined) return undefined;
	if (Math.abs(width) > LIMITS.expressionTextLength) {
		throw new Error(`$pad makes texts of at most ${LIMITS.expressionTextLength} characters`);
	}
	return width < 0 ? text.padStart(-width, filler || " ") : text.padEnd(width, filler || " ");
}

function joined(texts: readonly string[] | undefined, separator = ""): string | undefined {
	if (texts === undefined) return undefined;
	const length = texts.reduce((sum, text) => sum + text.length + separator.length, 0);
	if (length > LIMITS.expressionTextLength) {
		throw new Error(`$join makes texts of at most ${LIMITS.expressionTextLength} characters`);
	}
	return texts.join(separator);
}

/** Its own compares each item with each other one. */
function distinct(value: unknown): unknown {
	if (!Array.isArray(value) || value.length <= 1) return value;
	const seen = new Set<string>();
	const results = value.filter((item) => {
		const key = `${typeof item} ${canonicalize(item)}`;
		return !seen.has(key) && seen.add(key);
	});
	// A sequence of one item is that item; a list of one stays a list.
	if ("sequence" in value) Object.defineProperty(results, "sequence", { value: true });
	return results;
}

type OwnFunction = (...args: (string | number | undefined)[]) => Promise<unknown>;

/** JSONata's own, as functions of it that nothing has been put in the place of. */
function own(): Record<"now" | "fromMillis" | "toMillis", OwnFunction> {
	const call = (name: string): OwnFunction => {
		return (a, b, c) => {
			const given =
				c !== undefined ? "$a, $b, $c" : b !== undefined ? "$a, $b" : a !== undefined ? "$a" : "";
			return jsonata(`$${name}(${given})`).evaluate({}, { a, b, c });
		};
	};
	return { now: call("now"), fromMillis: call("fromMillis"), toMillis: call("toMillis") };
}

const PICTURE_LENGTH = 200;
const TIME_LENGTH = 100;

/** A function of dates whose picture, the argument at `at`, has been looked at. */
function checked(at: number, call: OwnFunction): OwnFunction {
	return (...args) => {
		const picture = args[at];
		if (typeof picture !== "string") return call(...args);
		const [time] = args;
		if (at > 0 && typeof time === "string" && time.length > TIME_LENGTH) {
			throw new Error(`a time has at most ${TIME_LENGTH} characters`);
		}
		const fault = pictureFault(picture);
		if (fault !== undefined) throw new Error(`the picture of a time ${fault}`);
		return call(...args);
	};
}

/** JSONata makes a pattern of it, and texts as wide as it says. */
function pictureFault(picture: string): string | undefined {
	if (picture.length > PICTURE_LENGTH) return `has at most ${PICTURE_LENGTH} characters`;
	if (/,[^\]]*\d{3}/.test(picture)) return "has widths of at most 99";
	const components = Array.from(picture.matchAll(/\[\s*([A-Za-z])/g), ([, letter]) => letter);
	if (new Set(components).size < components.length) return "has each component once";
	return /\]\d+\[/.test(picture) ? "has no digits alone between components" : undefined;
}
