/**
 * Streams of server-sent events (HTML, 9.2) by which somebody outside follows an object.
 *
 * Nobody pushes into a stream. One that is pulled reads what is new in its feed; where there is
 * nothing, it waits until there may be. So an object that nobody follows does nothing for it, and
 * nothing is held back in memory for a slow reader.
 */
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { Clock } from "../model/ports";

export interface StreamEvent {
	/** For `Last-Event-ID`: who comes back with it goes on behind the event. */
	id: string;
	name: string;
	/** In ms since 1970. */
	at: number;
	/** Plain JSON. */
	data: Readonly<Record<string, unknown>>;
}

/** What one stream reads, from where it is. */
export interface Feed {
	/** What is new since the last call; undefined: there is no more, for good. */
	read(): readonly StreamEvent[] | undefined;
	/**
	 * Calls `wake` as soon as there may be more; returns what ends that. No promise: one that lives as
	 * long as the object would keep something of everyone who ever waited for it.
	 */
	watch(wake: () => void): () => void;
	/** Resolves once what was read is on disk: nothing is told before (G1). */
	synced(): Promise<void>;
	/** The id of where it is, for a client that hears of no event; undefined: the beginning will do. */
	readonly start?: string;
}

/** What a stream begins with: a client whose connection broke comes back after a second. */
const HEAD = "retry: 1000\n";
/**
 * A line that clients ignore. It keeps the connection, and is how an object hears that a client is
 * gone whom it has nothing to tell.
 */
const HEARTBEAT = ": still here\n\n";
const HEARTBEAT_MS = 15_000;

export class EventStreams {
	readonly #clock: Clock;
	readonly #limit: number;
	/** How many are being read. */
	#open = 0;

	/** `limit`: of streams at a time. */
	constructor(clock: Clock, limit: number = LIMITS.streams) {
		this.#clock = clock;
		this.#limit = limit;
	}

	/**
	 * Events that are not chosen are passed over; null chooses all.
	 *
	 * @throws {WorkflowError} `STREAM_LIMIT`
	 */
	open(feed: Feed, chosen: ReadonlySet<string> | null): ReadableStream<Uint8Array> {
		if (this.#open >= this.#limit) {
			throw new WorkflowError(
				"STREAM_LIMIT",
				`It is followed by ${this.#limit} already. Close streams that nobody reads, or share one.`,
				{ limit: this.#limit },
			);
		}
		this.#open++;
		const follower = new Follower(feed, chosen, this.#clock);
		const encoder = new TextEncoder();
		/** Once, though a client may go away while what it is to be told fails. */
		const leave = () => {
			if (!follower.isStopped) this.#open--;
			follower.stop();
		};
		return new ReadableStream({
			type: "bytes",
			start: (controller) => controller.enqueue(encoder.encode(headOf(feed))),
			pull: async (controller) => {
				let text: string | null;
				try {
					text = await follower.next();
				} catch (error) {
					leave();
					throw error;
				}
				if (follower.isStopped) return;
				if (text !== null) {
					controller.enqueue(encoder.encode(text));
					return;
				}
				leave();
				controller.close();
				// One that asked for bytes gets none (Streams, 3.8.4).
				controller.byobRequest?.respond(0);
			},
			cancel: leave,
		});
	}
}

/** An id without data is no event, but a client remembers it (HTML, 9.2.6). */
function headOf({ start }: Feed): string {
	return start === undefined ? `${HEAD}\n` : `${HEAD}id: ${start}\n\n`;
}

/** Characters of events that are told in one go, unless one alone has more: they take memory twice. */
const TOLD_LENGTH = 256 * 1024;

class Follower {
	readonly #feed: Feed;
	readonly #chosen: ReadonlySet<string> | null;
	readonly #clock: Clock;
	#heartbeatAt: number;
	/** What is read, chosen and on disk, and was too much to be told in one go. */
	#rest: readonly StreamEvent[] = [];
	/** Ends its wait, while it waits. */
	#wake: (() => void) | undefined;
	/** Nobody reads it any more. */
	isStopped = false;

	constructor(feed: Feed, chosen: ReadonlySet<string> | null, clock: Clock) {
		this.#feed = feed;
		this.#chosen = chosen;
		this.#clock = clock;
		this.#heartbeatAt = clock.now() + HEARTBEAT_MS;
	}

	/** Also ends what it waits for, which would keep the object in memory. */
	stop(): void {
		this.isStopped = true;
		this.#wake?.();
	}

	/** The next text; null: there is no more. */
	async next(): Promise<string | null> {
		while (!this.isStopped) {
			if (this.#rest.length > 0) return this.#told(this.#some());
			const events = this.#feed.read();
			if (events === undefined) return null;
			const wanted = events.filter(({ name }) => this.#chosen?.has(name) ?? true);
			if (wanted.length > 0) {
				await this.#feed.synced();
				this.#rest = wanted;
			}
			if (events.length > 0) continue;
			if (this.#clock.now() >= this.#heartbeatAt) return this.#told(HEARTBEAT);
			await this.#more();
		}
		return null;
	}

	/** The first ones of the rest. */
	#some(): string {
		let text = "";
		let count = 0;
		for (const event of this.#rest) {
			const next = textOf(event);
			if (count > 0 && text.length + next.length > TOLD_LENGTH) break;
			text += next;
			count++;
		}
		this.#rest = this.#rest.slice(count);
		return text;
	}

	#told(text: string): string {
		this.#heartbeatAt = this.#clock.now() + HEARTBEAT_MS;
		return text;
	}

	async #more(): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#wake = resolve;
		const cancel = this.#clock.after(this.#heartbeatAt - this.#clock.now(), resolve);
		const end = this.#feed.watch(resolve);
		await promise;
		this.#wake = undefined;
		end();
		cancel();
	}
}

/** Of events that several followers are told. */
const texts = new WeakMap<StreamEvent, string>();

function textOf(event: StreamEvent): string {
	const known = texts.get(event);
	if (known !== undefined) return known;
	const { id, name, at, data } = event;
	const text = `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify({ ...data, at })}\n\n`;
	texts.set(event, text);
	return text;
}
