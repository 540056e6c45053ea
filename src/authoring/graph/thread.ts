/**
 * Goes through the lists of a graph: one thread is the run itself, or a branch of a parallel place.
 * What runs here is between the engine's steps, and decides by recorded outcomes alone.
 *
 * - T1 A route without a way back is the rest of its list: it takes the list's place.
 * - T2 A `loop?` route comes back: its place is visited again, in its own list.
 * - T3 An error goes to the route `error?` of its place; without one, to that of the place whose loop
 *   or branch it is in; at last it is the run's. Each place that it comes by is recorded as failed.
 * - T4 A thread that is stopped waits for ever: nothing that it could still do is of interest.
 * - T5 From one outcome to the next call lie few awaits, however deep the lists are.
 */
import type { Place, Route } from "./definition";
import type { Outcome } from "./outcome";
import { type Run, UNCOUNTED, type Visit } from "./run";
import { LOOP } from "./shape";
import type { Stop } from "./stop";
import { PlaceFlow } from "./visit";

interface Frame {
	list: Route;
	index: number;
	/** The place that the list comes back to; null: the thread ends with it. */
	readonly around: Place | null;
}

interface Left {
	readonly place: Place;
	readonly outcome: Outcome;
}

export class Thread {
	readonly #run: Run;
	readonly #stop: Stop | null;
	readonly #frames: Frame[];
	/** Of loops that are under way: the latest turn. */
	readonly #loops = new Map<string, Outcome>();
	#byJump = false;

	constructor(run: Run, route: Route, stop: Stop | null) {
		this.#run = run;
		this.#stop = stop;
		this.#frames = [{ list: route, index: 0, around: null }];
	}

	/** Resolves when its list has ended. */
	async run(): Promise<void> {
		for (;;) {
			const place = this.#next();
			if (place === null) return;
			if (this.#stop?.isStopped) return never();
			const left = await this.#visit(place);
			if (this.#stop?.isStopped) return never();
			this.#leave(left.place, left.outcome);
		}
	}

	/** The place that comes next; null: the list has ended. */
	#next(): Place | null {
		for (;;) {
			const frame = this.#top;
			const stop = frame.list[frame.index];
			if (stop === undefined) {
				if (frame.around === null) return null;
				this.#frames.pop(); // T2
			} else if ("jump" in stop) {
				this.#jump(stop.jump);
			} else {
				return this.#run.code.place(stop.place);
			}
		}
	}

	get #top(): Frame {
		const frame = this.#frames.at(-1);
		if (frame === undefined) throw new Error("a thread has left its first list");
		return frame;
	}

	#jump(address: string): void {
		const { start } = this.#run.code.definition;
		const index = start.findIndex((stop) => "place" in stop && stop.place === address);
		// The parser lets no branch jump out of the place that waits for it.
		if (this.#stop !== null || index < 0) throw new Error(`there is no jump to "${address}" here`);
		this.#frames.splice(0, Number.POSITIVE_INFINITY, { list: start, index, around: null });
		this.#loops.clear();
		this.#byJump = true;
	}

	#leave(place: Place, { edge }: Outcome): void {
		const frame = this.#top;
		const route = edge === null ? undefined : place.edges.get(edge);
		if (edge === LOOP && route !== undefined) {
			this.#frames.push({ list: route, index: 0, around: place });
			return;
		}
		this.#loops.delete(place.address);
		if (route === undefined) {
			frame.index++;
		} else {
			// T1
			frame.list = route;
			frame.index = 0;
		}
	}

	/** What the place came to, or the one around it that has a route for its error. */
	async #visit(place: Place): Promise<Left> {
		const isLoop = place.edges.has(LOOP);
		const visit = this.#run.enter(place, { byJump: this.#byJump, isLoop });
		this.#byJump = false;
		try {
			return { place, outcome: await this.#flow(place, visit).take() };
		} catch (error) {
			return await this.#rescue(error);
		}
	}

	/** T3 */
	async #rescue(error: unknown): Promise<Left> {
		for (;;) {
			const { around: place } = this.#top;
			if (place === null || this.#stop?.isStopped) throw error;
			this.#frames.pop();
			this.#loops.delete(place.address);
			try {
				return { place, outcome: await this.#flow(place, UNCOUNTED).fail(error) };
			} catch {
				// It has no route either.
			}
		}
	}

	#flow(place: Place, visit: Visit): PlaceFlow {
		return new PlaceFlow(this.#run, { place, visit, stop: this.#stop, loops: this.#loops });
	}
}

function never(): Promise<never> {
	return new Promise(() => {});
}
