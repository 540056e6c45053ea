/**
 * The removal of an instance: asked for by a caller, or due by its type's retention.
 *
 * The row is marked first; from then on the instance is gone for callers. Then the index is told,
 * and once it has acknowledged, as the guard has the return of its slot, the storage is emptied. An
 * isolate that dies in between leaves the mark and an alarm, and the next one goes on (G4). Nothing
 * is left in the end (G14).
 */
import { isTerminal } from "../model/status";
import type { InstanceRecord } from "./instance-record";
import type { Ports } from "./ports";

export class Removal {
	readonly #record: InstanceRecord;
	readonly #ports: Ports;
	/** Drops what memory still has. */
	readonly #forget: () => void;
	#gone = Promise.withResolvers<void>();
	#underWay = false;

	constructor(record: InstanceRecord, ports: Ports, forget: () => void) {
		this.#record = record;
		this.#ports = ports;
		this.#forget = forget;
	}

	/** When an ended instance is to be forgotten that is kept for so long (0: for ever). */
	dueAt(keptMs: number): number | null {
		const { status, completedAt } = this.#record.row;
		const isKept = !isTerminal(status) || completedAt === null || keptMs === 0;
		return isKept || this.#record.isRemoved ? null : completedAt + keptMs;
	}

	/** Resolves when nothing is left. */
	begin(): Promise<void> {
		this.#record.write({ removing: 1 });
		return this.#gone.promise;
	}

	/** Empties the storage if the time for it has come. */
	proceed(): void {
		if (this.#underWay || !this.#record.isRemoved || !this.#record.isDelivered) return;
		this.#underWay = true;
		void this.#empty();
	}

	async #empty(): Promise<void> {
		const { clock, empty, report } = this.#ports;
		const { createdAt } = this.#record.row;
		try {
			// The index tells an id that is given anew from its predecessor by the later creation. Where
			// the clock was set back, it refuses the newcomer's updates for as long as it remembers.
			if (clock.now() <= createdAt) {
				await new Promise<void>((resolve) => void clock.after(1, resolve));
			}
			await empty();
		} catch (error) {
			report("the storage of a removed instance could not be emptied; tried again later", error);
			this.#underWay = false;
			return;
		}
		this.#underWay = false;
		this.#forget();
		this.#gone.resolve();
		this.#gone = Promise.withResolvers();
	}
}
