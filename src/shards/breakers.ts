/**
 * The circuit breakers of a type, in its first shard (`model/breaker-rpc.ts`); what one does is
 * said in `breaker-state.ts`. They need no alarm: what time changes is found out when one is asked.
 *
 * - A breaker has a row once it has failed. So asking, and reporting success, write nothing as long
 *   as nothing fails, nor does refusing.
 * - A failure that is reported counts at once, and is written with what else comes within a moment,
 *   as rows of instances are; the report is answered then. If this object dies before, it is
 *   reported again.
 * - What begins a period or a trial is written at once, so nobody hears of one that is lost in a death.
 */
import type { BreakerStore } from "../db/breaker-store";
import type {
	Admission,
	BreakerAsk,
	BreakerReport,
	BreakerRpc,
	BreakerView,
} from "../model/breaker-rpc";
import { WorkflowError } from "../model/errors";
import type { Clock } from "../model/ports";
import { shortened } from "../model/printable";
import type { Handlers } from "../model/rpc";
import { BreakerMemory } from "./breaker-memory";
import { admit, closed, newBreaker, report, viewOf } from "./breaker-state";

export interface BreakersSettings {
	type: string;
	store: BreakerStore;
	clock: Clock;
}

/** How long a report waits for others to be written with it. */
const GATHER_MS = 50;

export class Breakers {
	/** What other objects and Workers may ask of it. */
	readonly rpc: Handlers<BreakerRpc> = {
		breakerAdmit: (ask) => this.#admit(ask),
		breakerReport: (said) => this.#report(said),
		breakerList: () => this.#list(),
		breakerReset: ({ breaker }) => this.#reset(breaker),
	};
	readonly #settings: BreakersSettings;
	/** Undefined: not read yet, or not to be trusted. */
	#memory: BreakerMemory | undefined;
	#written: Promise<void> | undefined;

	constructor(settings: BreakersSettings) {
		this.#settings = settings;
	}

	#admit(ask: BreakerAsk): Admission {
		const memory = this.#open();
		const now = this.#now();
		const known = memory.get(ask.breaker);
		if (known === undefined) memory.requireRoom(now);
		const before = known ?? newBreaker(ask.breaker, ask);
		const { breaker, admission } = admit(before, ask, now);
		if (breaker !== before) {
			memory.put(breaker, now);
			this.#write(memory);
		}
		return admission;
	}

	async #report(said: BreakerReport): Promise<null> {
		const memory = this.#open();
		const now = this.#now();
		const before = memory.get(said.breaker) ?? newBreaker(said.breaker, said);
		const after = report(before, said, now);
		if (after === before) {
			// It may be the repetition of one that is about to be written.
			await this.#written;
			return null;
		}
		memory.put(after, now);
		if (after.period === before.period) {
			this.#written ??= this.#writeSoon(memory);
			await this.#written;
		} else {
			this.#write(memory);
		}
		return null;
	}

	#list(): BreakerView[] {
		const now = this.#now();
		const views = this.#open()
			.all()
			.map((breaker) => viewOf(breaker, now));
		return views.sort((one, other) => (one.name < other.name ? -1 : 1));
	}

	#reset(name: string): BreakerView {
		const memory = this.#open();
		const now = this.#now();
		const breaker = memory.get(name);
		if (breaker === undefined) throw notFound(this.#settings.type, name);
		const fresh = closed(breaker);
		memory.put(fresh, now);
		this.#write(memory);
		return viewOf(fresh, now);
	}

	#now(): number {
		return this.#settings.clock.now();
	}

	#open(): BreakerMemory {
		const { type, store } = this.#settings;
		this.#memory ??= new BreakerMemory(type, store);
		return this.#memory;
	}

	async #writeSoon(memory: BreakerMemory): Promise<void> {
		await new Promise<void>((resolve) => {
			this.#settings.clock.after(GATHER_MS, resolve);
		});
		this.#written = undefined;
		if (this.#memory !== memory) throw lost();
		this.#write(memory);
	}

	#write(memory: BreakerMemory): void {
		try {
			memory.write();
		} catch (error) {
			this.#memory = undefined;
			throw error;
		}
	}
}

function notFound(type: string, name: string): WorkflowError {
	return new WorkflowError(
		"BREAKER_NOT_FOUND",
		`The type "${type}" has no circuit breaker "${shortened(name)}" that has failed. GET /types/${type}/breakers lists those that have.`,
	);
}

function lost(): WorkflowError {
	return new WorkflowError("TRY_AGAIN", "What was reported could not be stored. Report it again.");
}
