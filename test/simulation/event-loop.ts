/**
 * Time and the one queue of a simulated world. Everything that happens later is a task: a turn of
 * an isolate's event loop, a timer, a message, a commit, an alarm. Chance decides which of those
 * that are ready is next; those of one lane stay in order.
 *
 * The wall clock is what code reads and alarms go by; it may jump. Timers go by time that passes.
 */

export interface Isolate {
	alive: boolean;
}

interface Task {
	lane: object;
	/** Its tasks go with it when it dies; null: the task is the world's own. */
	isolate: Isolate | null;
	run(): void;
}

interface Timer extends Task {
	dueMs: number;
}

export class EventLoop {
	wallMs: number;
	/** The latest that the wall clock has been. */
	wallMaxMs: number;
	#passedMs = 0;
	#tasks: Task[] = [];
	#timers: Timer[] = [];
	readonly #random: () => number;

	/** `random`: from 0 to 1; always 0 takes tasks in the order in which they came. */
	constructor(startMs: number, random: () => number) {
		this.wallMs = startMs;
		this.wallMaxMs = startMs;
		this.#random = random;
	}

	post(isolate: Isolate | null, run: () => void, lane: object = {}): void {
		if (isolate === null || isolate.alive) this.#tasks.push({ lane, isolate, run });
	}

	/** Resolves in a later turn of the isolate's event loop. */
	turn(isolate: Isolate): Promise<void> {
		return new Promise((resolve) => this.post(isolate, resolve, isolate));
	}

	after(isolate: Isolate | null, delayMs: number, run: () => void): () => void {
		const timer = { lane: isolate ?? {}, isolate, run, dueMs: this.#passedMs + delayMs };
		const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
		this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
		return () => {
			this.#timers = this.#timers.filter((other) => other !== timer);
			this.#tasks = this.#tasks.filter((other) => other !== timer);
		};
	}

	/** Forgets all that an isolate had ahead. */
	drop(isolate: Isolate): void {
		isolate.alive = false;
		this.#timers = this.#timers.filter((timer) => timer.isolate !== isolate);
		this.#tasks = this.#tasks.filter((task) => task.isolate !== isolate);
	}

	pass(ms: number): void {
		this.#passedMs += ms;
		this.jump(ms);
	}

	/** Sets the wall clock, and no more. */
	jump(ms: number): void {
		this.wallMs += ms;
		this.wallMaxMs = Math.max(this.wallMaxMs, this.wallMs);
	}

	/** Until the first timer; Infinity: there is none. */
	get timerInMs(): number {
		const [timer] = this.#timers;
		return timer === undefined ? Number.POSITIVE_INFINITY : timer.dueMs - this.#passedMs;
	}

	/** Runs one task and all that it sets in motion; false: none is ready. */
	async runOne(): Promise<boolean> {
		const due = this.#timers.findIndex((timer) => timer.dueMs > this.#passedMs);
		this.#tasks.push(...this.#timers.splice(0, due === -1 ? this.#timers.length : due));
		const task = this.#choose();
		if (task === undefined) return false;
		this.#tasks.splice(this.#tasks.indexOf(task), 1);
		task.run();
		// Comes after all microtasks.
		await new Promise(setImmediate);
		return true;
	}

	#choose(): Task | undefined {
		const lanes = new Set<object>();
		const first = this.#tasks.filter(({ lane }) => !lanes.has(lane) && lanes.add(lane));
		return first[Math.floor(this.#random() * first.length)];
	}
}
