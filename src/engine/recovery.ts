/**
 * What becomes of an instance whose pass was lost with its isolate, or panicked: it is replayed,
 * rests for a while, or ends. When that is due, and how a pass starts, is `Course`'s.
 */
import type { Encoded } from "../model/codec";
import { encodeThrown } from "../model/error-record";
import { DEFAULT_PANIC_POLICY, type PanicPolicy } from "../model/panic";
import { reason } from "../model/reason";
import { passesLost } from "./faults";
import type { History } from "./history";
import type { InstanceRecord } from "./instance-record";
import { afterPanic, type Panic, panicError } from "./panics";
import type { Ports } from "./ports";
import type { Slot } from "./slot";
import { judgeLostPass, noteLostPass } from "./strikes";

/** Why it rests or ends. */
interface Cause {
	error: Encoded;
	reason: string;
}

export interface RecoverySettings {
	record: InstanceRecord;
	history: History;
	slot: Slot;
	ports: Pick<Ports, "clock" | "random">;
	/** As it holds for the instance; undefined: its type is gone. */
	policy(): PanicPolicy | undefined;
	/** Ends it as `errored`. */
	fail(cause: Cause & { strikes: number }): void;
	/** Ends the pass, and has the journal read anew. */
	drop(reason: Error): void;
}

export class Recovery {
	readonly #settings: RecoverySettings;

	constructor(settings: RecoverySettings) {
		this.#settings = settings;
	}

	/** A pass was lost (G17): whether it is to be replayed at once. */
	passLost(progress: number): boolean {
		const { record, slot, ports } = this.#settings;
		const verdict = judgeLostPass(record.row, progress, {
			now: ports.clock.now(),
			chance: ports.random(),
		});
		const { strikes } = verdict;
		const isKilled = verdict.verdict === "give up";
		const at = ports.clock.now();
		const before = record.row.lostPasses;
		const lostPasses = strikes === 0 ? before : noteLostPass(before, { at, strikes, isKilled });
		const error = passesLost(strikes);
		const why = reason(error.code, error.message);
		switch (verdict.verdict) {
			case "replay":
				record.write({ strikes, lostPasses });
				return true;
			case "back off":
				record.write({
					status: "sleeping",
					...{ strikes, lostPasses },
					notBefore: verdict.untilMs,
					reason: why,
					...slot.parked(),
				});
				return false;
			case "give up":
				record.write({ lostPasses });
				this.#rest({ error: encodeThrown(error), reason: why }, strikes);
				return false;
		}
	}

	/** What panicked is in the history, in the write that rests or ends the instance. */
	panicked(panic: Panic): void {
		const { record, history } = this.#settings;
		const { thrown, step, attempt } = panic;
		const error = panicError(panic);
		history.addError({ step, attempt, isPanic: true, error: encodeThrown(thrown) });
		const why = reason(error.code, error.message);
		this.#rest({ error: encodeThrown(error), reason: why }, record.row.strikes);
	}

	/**
	 * Until its restart, or for ever where it has had them all. A paused one stays paused, and says
	 * what happened unless it says already why it is. Its slot is treated as a parked one's: it has
	 * work half done.
	 */
	#rest(cause: Cause, strikes: number): void {
		const { record, slot, ports, policy, fail, drop } = this.#settings;
		const { row } = record;
		const next = afterPanic(row, policy() ?? DEFAULT_PANIC_POLICY, ports.clock.now());
		if (row.status === "paused") {
			record.write({ restarts: row.restarts + 1, ...(row.reason === null ? cause : {}) });
		} else if (next.status === "errored") {
			fail({ ...cause, strikes });
			return;
		} else {
			record.write({ ...cause, strikes, ...next, ...slot.parked(), ...slot.left() });
		}
		drop(new Error("the instance has panicked"));
	}

	/** The panicked instance goes on as soon as it can: it was asked for. */
	hurry(): void {
		const { record, ports } = this.#settings;
		record.write({ notBefore: ports.clock.now(), strikes: 0 });
	}
}
