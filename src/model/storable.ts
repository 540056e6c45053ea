/**
 * What can be stored (G16), found out before anything is written: devalue itself would take
 * cycles, turn an instance of `class Money extends Map` into a plain Map, and recurse without a
 * bound. And what JSON alone brings back unchanged.
 */
import { LIMITS } from "./limits";
import { printable, shortened } from "./printable";

/** Where a value has something that cannot be stored, as in `.items[0]["unit price"]`, and why. */
export interface StorageFault {
	path: string;
	why: string;
}

const STORABLE_CLASSES = new Set<unknown>(
	[
		Object,
		Array,
		Date,
		Map,
		Set,
		RegExp,
		URL,
		URLSearchParams,
		ArrayBuffer,
		DataView,
		Int8Array,
		Uint8Array,
		Uint8ClampedArray,
		Int16Array,
		Uint16Array,
		Int32Array,
		Uint32Array,
		Float32Array,
		Float64Array,
		BigInt64Array,
		BigUint64Array,
	].map(({ prototype }) => prototype),
);

/** The longest array that is walked by its indices; a longer one is sparse or past every limit. */
const DENSE_LENGTH_MAX = LIMITS.valueBytes;

/** The first fault of a value; undefined when it can be stored. */
export function storageFault(value: unknown): StorageFault | undefined {
	if (isPlainPrimitive(value)) return undefined;
	const walk = new Walk();
	try {
		walk.visit(value);
		return undefined;
	} catch (error) {
		if (error instanceof Refusal) return { path: error.path, why: error.message };
		// A getter, a proxy or an iterator of the value's own.
		return { path: walk.path, why: `reading it throws "${shortened(printable(error))}"` };
	}
}

/**
 * Whether JSON brings a value back as it was: plain objects and arrays, none in two places, of
 * text, booleans, null and numbers that JSON has. Throws what reading the value throws.
 */
export function isJson(value: unknown, seen = new Set<object>(), depth = 0): boolean {
	if (typeof value !== "object") return isJsonPrimitive(value);
	if (value === null) return true;
	if (depth === LIMITS.valueDepth || seen.has(value)) return false;
	seen.add(value);
	if (Array.isArray(value)) {
		if (Object.getPrototypeOf(value) !== Array.prototype) return false;
		// A hole is undefined, which JSON has not.
		for (const item of value) if (!isJson(item, seen, depth + 1)) return false;
		return true;
	}
	if (!isJsonRecord(value)) return false;
	for (const key of Object.keys(value)) if (!isJson(value[key], seen, depth + 1)) return false;
	return true;
}

function isPlainPrimitive(value: unknown): boolean {
	if (value === null) return true;
	return typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol";
}

/** JSON has no -0, and of numbers the finite ones. */
function isJsonPrimitive(value: unknown): boolean {
	if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
	return typeof value === "string" || typeof value === "boolean";
}

/** A plain object without a key that devalue refuses. */
function isJsonRecord(value: object): value is Record<string, unknown> {
	return (
		Object.getPrototypeOf(value) === Object.prototype &&
		!Object.hasOwn(value, "__proto__") &&
		Object.getOwnPropertySymbols(value).length === 0
	);
}

class Refusal extends Error {
	constructor(
		message: string,
		readonly path: string,
	) {
		super(message);
	}
}

class Walk {
	readonly #ancestors = new Set<object>();
	/** Levels below each object that has been gone over: one that stands in many places is walked once. */
	readonly #heights = new Map<object, number>();
	/** From the root; numbers and strings, or a text in the form that it is shown in. */
	readonly #path: (string | number | { shown: string })[] = [];

	/** Where the walk stands. */
	get path(): string {
		return this.#path.map(formatSegment).join("");
	}

	/** Returns the levels below `value`. */
	visit(value: unknown): number {
		if (isPlainPrimitive(value)) return 0;
		if (typeof value !== "object" || value === null) throw this.#refuse(`it is a ${typeof value}`);
		if (this.#ancestors.has(value)) throw this.#refuse("it contains itself");
		const known = this.#heights.get(value);
		if (this.#ancestors.size + (known ?? 0) >= LIMITS.valueDepth) {
			throw new Refusal(`it is nested deeper than ${LIMITS.valueDepth} levels`, "");
		}
		if (known !== undefined) return known;
		this.#refuseClass(value);
		this.#ancestors.add(value);
		const height = 1 + this.#visitItems(value);
		this.#ancestors.delete(value);
		this.#heights.set(value, height);
		return height;
	}

	#visitItems(value: object): number {
		let height = 0;
		const at = (segment: string | number | { shown: string }, item: unknown) => {
			if (isPlainPrimitive(item)) return;
			this.#path.push(segment);
			height = Math.max(height, this.visit(item));
			this.#path.pop();
		};
		if (Array.isArray(value)) {
			if (value.length <= DENSE_LENGTH_MAX) {
				for (let index = 0; index < value.length; index++) at(index, value[index]);
			} else {
				for (const index of Object.keys(value)) at(Number(index), value[Number(index)]);
			}
		} else if (value instanceof Map) {
			for (const [key, item] of value) {
				at({ shown: ".keys()" }, key);
				at({ shown: `.get(${typeof key === "string" ? JSON.stringify(key) : "…"})` }, item);
			}
		} else if (value instanceof Set) {
			for (const item of value) at({ shown: ".values()" }, item);
		} else if (isRecord(value)) {
			for (const key of Object.keys(value)) at(key, value[key]);
		}
		return height;
	}

	#refuseClass(value: object): void {
		const prototype = Object.getPrototypeOf(value);
		if (prototype === null || STORABLE_CLASSES.has(prototype)) return;
		if (typeof (value as { then?: unknown }).then === "function") {
			throw this.#refuse("it is a promise, so an `await` is missing");
		}
		const made: unknown = prototype.constructor;
		const name = typeof made === "function" ? made.name : "";
		throw this.#refuse(`it is an instance of a class${name === "" ? "" : ` (${name})`}`);
	}

	#refuse(why: string): Refusal {
		return new Refusal(why, this.path);
	}
}

function isRecord(value: object): value is Record<string, unknown> {
	const prototype = Object.getPrototypeOf(value);
	return prototype === null || prototype === Object.prototype;
}

function formatSegment(segment: string | number | { shown: string }): string {
	if (typeof segment === "object") return segment.shown;
	if (typeof segment === "number") return `[${segment}]`;
	return /^[A-Za-z_$][\w$]*$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
}
