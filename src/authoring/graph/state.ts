/**
 * The state of a run: data by key, changed by the outcomes of its places and by nothing else, in the
 * order of the journal.
 *
 * - S1 `apply` is a function of state, place and outcome: so whoever goes through the rows in their
 *   order has the same state as the run had at that point.
 * - S2 What a node is given is a copy (`draft.ts`), and so is what comes back in a row: nobody holds
 *   a part of the state.
 * - S3 Locks are of attempts in flight. They are not kept: after a crash the attempts are made again.
 */
import { encode, encodedBytes } from "../../model/codec";
import { WorkflowError } from "../../model/errors";
import { LIMITS } from "../../model/limits";
import type { JsonObject, Place } from "./definition";
import type { Outcome } from "./outcome";
import { setKey } from "./records";

type Values = Record<string, unknown>;

export class State {
	#values: Values;
	#version = 0;
	readonly #snapshots = new Map<string, Values>();
	/** Items of loops that are under way, by place. */
	readonly #lists = new Map<string, readonly unknown[]>();
	/** Bytes of values, where they are known. */
	readonly #sizes = new Map<string, number>();
	readonly #locks = new Map<string, string>();

	constructor(initial: JsonObject) {
		this.#values = structuredClone(initial);
	}

	/** How often it has been changed. */
	get version(): number {
		return this.#version;
	}

	keys(): string[] {
		return Object.keys(this.#values);
	}

	has(key: string): boolean {
		return Object.hasOwn(this.#values, key);
	}

	/** Not to be changed. */
	get(key: string): unknown {
		return this.has(key) ? this.#values[key] : undefined;
	}

	/** All of it, as it is now; what the values hold is not to be changed. */
	values(): Values {
		return { ...this.#values };
	}

	/** What a place came to: S1. */
	apply(place: Place, outcome: Outcome): void {
		if (outcome.late) return;
		const { updates = {}, removed = [], snapshot, rollback } = outcome;
		const isBack = rollback !== undefined && this.#rollback(rollback);
		const output = this.#outputOf(place, outcome);
		for (const key of removed) this.#remove(key);
		for (const [key, value] of Object.entries(updates)) this.#set(key, value);
		for (const [key, value] of Object.entries(output)) this.#set(key, value);
		if (snapshot !== undefined) this.#keep(snapshot);
		const changed = removed.length + Object.keys(updates).length + Object.keys(output).length;
		if (isBack || changed > 0) this.#version++;
	}

	/** Whether there is something to roll back to. */
	hasSnapshot(name: string): boolean {
		return this.#snapshots.has(name);
	}

	/**
	 * Keeps others than `holder` from changing keys, until it is released.
	 *
	 * @throws {WorkflowError} `STATE_LOCKED`
	 */
	lock(keys: readonly string[], holder: string): void {
		this.requireUnlocked(keys, holder);
		for (const key of keys) this.#locks.set(key, holder);
	}

	release(holder: string): void {
		if (this.#locks.size === 0) return;
		for (const [key, each] of this.#locks) if (each === holder) this.#locks.delete(key);
	}

	/** @throws {WorkflowError} `STATE_LOCKED` */
	requireUnlocked(keys: Iterable<string>, by: string): void {
		for (const key of keys) {
			const holder = this.#locks.get(key);
			if (holder === undefined || holder === by) continue;
			throw new WorkflowError(
				"STATE_LOCKED",
				`The key "${key}" of the state is locked by the place "${holder}" until that has ended; "${by}" cannot change it.`,
				{ key, holder },
			);
		}
	}

	/**
	 * Refuses an outcome that would make it too large.
	 *
	 * @throws {WorkflowError} `STATE_TOO_LARGE`; `VALUE_NOT_STORABLE` as the codec does.
	 */
	requireRoom(place: Place, { output, updates: changes = {}, removed = [] }: Outcome): void {
		const outputs = output === undefined ? {} : named(place, output);
		let sizeBytes = 0;
		for (const key of this.keys()) {
			const isNew = Object.hasOwn(changes, key) || Object.hasOwn(outputs, key);
			if (!isNew && !removed.includes(key)) sizeBytes += this.#sizeOf(key);
		}
		for (const [key, value] of Object.entries(changes)) sizeBytes += bytesOf(key, value);
		for (const [key, value] of Object.entries(outputs)) {
			sizeBytes += bytesOf(key, value, `the output of the place "${place.address}"`);
		}
		const limitBytes = LIMITS.stateBytes;
		if (sizeBytes <= limitBytes) return;
		throw new WorkflowError(
			"STATE_TOO_LARGE",
			`The state would take ${sizeBytes} bytes; the limit is ${limitBytes}. Take away what is not needed (set-state with "unset"), or keep a reference to what is stored elsewhere.`,
			{ sizeBytes, limitBytes },
		);
	}

	#sizeOf(key: string): number {
		const known = this.#sizes.get(key);
		if (known !== undefined) return known;
		const size = bytesOf(key, this.#values[key]);
		this.#sizes.set(key, size);
		return size;
	}

	/** What the output of a place is called in the state. */
	#outputOf(place: Place, outcome: Outcome): Values {
		const { turn, list, output } = outcome;
		const { address, config } = place;
		if (list !== undefined) this.#lists.set(address, list);
		if (turn === undefined) {
			this.#lists.delete(address);
			return output === undefined ? {} : named(place, output);
		}
		const items = this.#lists.get(address);
		if (items === undefined) return named(place, { index: turn });
		const item = items[turn];
		const as = typeof config.as === "string" ? { [config.as]: item } : {};
		return { ...named(place, { index: turn, item }), ...as };
	}

	#set(key: string, value: unknown): void {
		setKey(this.#values, key, value);
		this.#sizes.delete(key);
	}

	#remove(key: string): void {
		delete this.#values[key];
		this.#sizes.delete(key);
	}

	#keep(name: string): void {
		this.#snapshots.delete(name);
		this.#snapshots.set(name, { ...this.#values });
		const [oldest] = this.#snapshots.keys();
		if (this.#snapshots.size > LIMITS.stateSnapshots && oldest !== undefined) {
			this.#snapshots.delete(oldest);
		}
	}

	/** False: nothing was kept under the name. The node `rollback` refuses that, a failed place goes on. */
	#rollback(name: string): boolean {
		const kept = this.#snapshots.get(name);
		if (kept === undefined) return false;
		this.#values = { ...kept };
		this.#sizes.clear();
		return true;
	}
}

/** Under the node's id, and under the place's own name. */
function named({ node, name }: Place, output: unknown): Values {
	const key = `${node}_output`;
	return name === null || name === node
		? { [key]: output }
		: { [key]: output, [`${name}_output`]: output };
}

function bytesOf(key: string, value: unknown, what = `the key "${key}" of the state`): number {
	return key.length + encodedBytes(encode(value, what));
}
