/**
 * The chronicle of an instance as a stream reads it: its history first and then what happens. It
 * looks again after a moment while a pass is live, and when something is due or done while none is;
 * so what is seen live and what is read later are the same.
 */
import { type ChroniclePlace, parsePlace } from "../model/chronicle";
import type { Clock } from "../model/ports";
import type { Feed, StreamEvent } from "../streams/event-streams";

export interface Chronicled {
	/** Some events behind a place; undefined: the instance is gone. */
	chronicle(from: ChroniclePlace | null): readonly StreamEvent[] | undefined;
	/** Whether something may happen that is no change of status. */
	readonly isAtWork: boolean;
	readonly record: {
		onChange(listener: () => void): () => void;
		readonly row: { createdAt: number };
	};
}

/** How often it looks while a pass is live. */
const LOOK_MS = 25;

export class ChronicleFeed implements Feed {
	readonly #instance: Chronicled;
	readonly #clock: Clock;
	readonly synced: () => Promise<void>;
	readonly #createdAt: number;
	#place: ChroniclePlace | null;

	constructor(
		instance: Chronicled,
		from: ChroniclePlace | null,
		ports: { clock: Clock; synced: () => Promise<void> },
	) {
		this.#instance = instance;
		this.#createdAt = instance.record.row.createdAt;
		this.#place = from;
		this.#clock = ports.clock;
		this.synced = ports.synced;
	}

	read(): readonly StreamEvent[] | undefined {
		const events = this.#instance.chronicle(this.#place);
		// One that is given the id later is another, maybe of a type that the follower may not see.
		if (events === undefined || this.#instance.record.row.createdAt !== this.#createdAt) {
			return undefined;
		}
		const last = events.at(-1);
		if (last !== undefined) this.#place = parsePlace(last.id);
		return this.#place?.told === 2 && last === undefined ? undefined : events;
	}

	watch(wake: () => void): () => void {
		const { isAtWork, record } = this.#instance;
		return isAtWork ? this.#clock.after(LOOK_MS, wake) : record.onChange(wake);
	}
}
