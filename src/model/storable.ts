/**
 * What can be stored (G16), found out before anything is written: devalue itself would take
 * cycles, turn an instance of `class Money extends Map` into a plain Map, and recurse without a
 * bound. The same walk tells what JSON alone would bring back unchanged.
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

/**
 * How a value can be stored: as `json`, which brings it back as it was; only as `rich`, by a format
 * that knows more than JSON; or not at all, and then the first fault.
 */
export type Storability = "json" | "rich" | StorageFault;

export function storability(value: unknown): Storability {
	const walk = new Walk();
	try {
		walk.visit(value);
		return walk.isJson ? "json" : "rich";
	} catch (error) {
		if (error instanceof Refusal) return { path: error.path, why: error.message };
		// A getter, a proxy or an iterator of the value's own.
		return { path: walk.path, why: `reading it throws "${shortened(printable(error))}"` };
	}
}

class Refusal extends Error {
	constructor(
		message: string,
		readonly path: string,
	) {
		super(message);
	}
}

function isStorablePrimitive(value: unknown): boolean {
	if (value === null) return true;
	return typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol";
}

/** A primitive that is not null: whether JSON has it. It has no -0, and of numbers the finite ones. */
function isJsonPrimitive(value: unknown): boolean {
	if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
	return typeof value === "string" || typeof value === "boolean";
}

class Walk {
	/** Until something is found that JSON has not, or would bring back twice. */
	isJson = true;
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
		if (value === null) return 0;
		if (isStorablePrimitive(value)) {
			if (this.isJson) this.isJson = isJsonPrimitive(value);
			return 0;
		}
		if (typeof value !== "object") throw this.#refuse(`it is a ${typeof value}`);
		if (this.#ancestors.has(value)) throw this.#refuse("it contains itself");
		const known = this.#heights.get(value);
		if (this.#ancestors.size + (known ?? 0) >= LIMITS.valueDepth) {
			throw new Refusal(`it is nested deeper than ${LIMITS.valueDepth} levels`, "");
		}
		if (known !== undefined) {
			this.isJson = false;
			return known;
		}
		this.#refuseClass(value);
		if (this.isJson) this.isJson = isJsonObject(value);
		this.#ancestors.add(value);
		const height = 1 + this.#visitItems(value);
		this.#ancestors.delete(value);
		this.#heights.set(value, height);
		return height;
	}

	#visitItems(value: object): number {
		let height = 0;
		const at = (segment: string | number | { shown: string }, item: unknown) => {
			if (item === null || isStorablePrimitive(item)) {
				if (this.isJson) this.isJson = item === null || isJsonPrimitive(item);
				return;
			}
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

/** An array, or an object without a key that devalue refuses. */
function isJsonObject(value: object): boolean {
	if (Array.isArray(value)) return value.length <= DENSE_LENGTH_MAX;
	return (
		Object.getPrototypeOf(value) === Object.prototype &&
		!Object.hasOwn(value, "__proto__") &&
		Object.getOwnPropertySymbols(value).length === 0
	);
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
