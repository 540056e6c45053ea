/**
 * What an operator has decided about types, as instances ask for it at each create: kept for a
 * second in each isolate, so that a busy type's first shard is asked once a second and not once an
 * instance.
 */
import { shardName } from "../model/ids";
import type { Clock } from "../model/ports";
import { unwrap } from "../model/rpc";
import { NEW_TYPE, type TypeState } from "../model/type-state";
import type { RunnerNamespace } from "./runner-client";

const FRESH_MS = 1_000;

interface Known {
	state: TypeState;
	at: number;
	/** When an object began to ask anew. */
	askedAt: number;
}

export class TypeStates {
	readonly #known = new Map<string, Known>();

	/**
	 * Where the shard cannot be reached, what was last known counts, or else that nothing was ever
	 * decided: a type that nobody has stopped is not stopped by a fault.
	 */
	stateOf(type: string, runners: RunnerNamespace, clock: Clock): TypeState | Promise<TypeState> {
		const known = this.#known.get(type);
		const now = clock.now();
		if (known === undefined) return this.#ask(type, runners, clock);
		const age = now - known.at;
		// The answer that another object waits for cannot be waited for here: each object has promises of
		// its own. So it is left to that one to ask, as long as what is known is not much older.
		const isAsked = now - known.askedAt < FRESH_MS && age < 2 * FRESH_MS;
		if (age < FRESH_MS || isAsked) return known.state;
		known.askedAt = now;
		return this.#ask(type, runners, clock);
	}

	/** An operator has changed it, through this isolate. */
	changed(type: string, state: TypeState, at: number): void {
		this.#known.set(type, { state, at, askedAt: at });
	}

	async #ask(type: string, runners: RunnerNamespace, clock: Clock): Promise<TypeState> {
		const before = this.#known.get(type);
		let state = before?.state ?? NEW_TYPE;
		try {
			state = unwrap(await runners.getByName(shardName(type)).typeState());
		} catch {}
		const known = this.#known.get(type);
		// What came meanwhile may be newer than this answer.
		if (known !== undefined && known !== before) return known.state;
		this.changed(type, state, clock.now());
		return state;
	}
}
