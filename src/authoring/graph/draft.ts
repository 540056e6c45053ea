/**
 * The state as a node is given it: each value is copied when it is first looked at, so that a large
 * state costs only what is used of it. What the node has made of it is compared with what there was.
 */
import { decode, encode } from "../../model/codec";
import { setKey } from "./records";

type Values = Record<string, unknown>;

export interface Changes {
	readonly updates: Values;
	readonly removed: readonly string[];
}

/** A copy of what was stored, or could be. */
export function copyOf(value: unknown, what: string): unknown {
	return decode(encode(value, what));
}

export class Draft {
	/** For the node. */
	readonly values: Values = {};
	readonly #before: Values;

	constructor(before: Values) {
		this.#before = before;
		for (const key of Object.keys(before)) this.#offer(key);
	}

	/** @throws {WorkflowError} `VALUE_NOT_STORABLE`, naming the key. */
	changes(): Changes {
		const updates: Values = {};
		const removed: string[] = [];
		const after = Object.getOwnPropertyDescriptors(this.values);
		for (const key of Object.keys(this.#before)) if (!(key in after)) removed.push(key);
		for (const [key, property] of Object.entries(after)) {
			if (property.get !== undefined || !property.enumerable) continue;
			if (!this.#isAsBefore(key, property.value)) setKey(updates, key, property.value);
		}
		return { updates, removed };
	}

	#isAsBefore(key: string, value: unknown): boolean {
		const what = `the key "${key}" of the state`;
		const text = encode(value, what);
		return Object.hasOwn(this.#before, key) && encode(this.#before[key], what) === text;
	}

	/** A property that becomes a copy of the value once somebody reads it, or what is set in its place. */
	#offer(key: string): void {
		const { values } = this;
		const before = this.#before[key];
		Object.defineProperty(values, key, {
			enumerable: true,
			configurable: true,
			get() {
				const copy = copyOf(before, `the key "${key}" of the state`);
				setKey(values, key, copy);
				return copy;
			},
			set(value: unknown) {
				setKey(values, key, value);
			},
		});
	}
}
