/**
 * Those who follow an instance: each is a stream of server-sent events, its history first and then
 * what happens, from a place of its own in the chronicle.
 *
 * Nobody tells them anything. A stream that is pulled reads what lies behind its place; where there
 * is nothing, it looks again after a moment while a pass is live, and at the next change of status
 * while none is. So an instance that nobody follows does nothing for it, one that is followed holds
 * nothing back for a slow reader, and what is seen live and what is read later are the same.
 */
import { type ChronicleEntry, type ChroniclePlace, parsePlace } from "../model/chronicle";
import { LIMITS } from "../model/limits";
import type { Clock } from "../model/ports";
import { HEARTBEAT, STREAM_HEAD, sseText } from "../model/sse";
import { streamLimit } from "./faults";

export interface AudienceSettings {
	/** Some events behind a place; undefined: the instance is gone. */
	read(from: ChroniclePlace | null): readonly ChronicleEntry[] | undefined;
	/** Whether something may happen that is no change of status. */
	isLive(): boolean;
	/** Resolves at the next change of status. */
	changed(): Promise<void>;
	/** Resolves once all that was written is on disk: nothing is told before (G1). */
	synced(): Promise<void>;
	clock: Clock;
}

/** How often a stream looks while a pass is live. */
const LOOK_MS = 25;
const HEARTBEAT_MS = 15_000;

export class Audience {
	readonly #settings: AudienceSettings;
	#streams = 0;

	constructor(settings: AudienceSettings) {
		this.#settings = settings;
	}

	/**
	 * Follows from a place, or from the beginning; null: there is nothing more to come. Events that
	 * are not chosen are passed over.
	 *
	 * @throws {WorkflowError} `STREAM_LIMIT`
	 */
	open(
		from: ChroniclePlace | null,
		chosen: ReadonlySet<string> | null,
	): ReadableStream<Uint8Array> | null {
		if (from !== null && from.told === 2 && this.#settings.read(from)?.length === 0) return null;
		if (this.#streams >= LIMITS.streams) throw streamLimit();
		this.#streams++;
		const follower = new Follower(this.#settings, from, chosen);
		const encoder = new TextEncoder();
		return new ReadableStream({
			type: "bytes",
			start: (controller) => controller.enqueue(encoder.encode(STREAM_HEAD)),
			pull: async (controller) => {
				const text = await follower.next();
				if (text !== null) {
					controller.enqueue(encoder.encode(text));
					return;
				}
				if (follower.isStopped) return;
				this.#streams--;
				controller.close();
				// One that asked for bytes gets none (Streams, 3.8.4).
				controller.byobRequest?.respond(0);
			},
			cancel: () => {
				this.#streams--;
				follower.stop();
			},
		});
	}
}

class Follower {
	readonly #settings: AudienceSettings;
	readonly #chosen: ReadonlySet<string> | null;
	#place: ChroniclePlace | null;
	#heartbeatAt: number;
	readonly #stopped = Promise.withResolvers<void>();
	/** Nobody reads it any more. */
	isStopped = false;

	constructor(
		settings: AudienceSettings,
		from: ChroniclePlace | null,
		chosen: ReadonlySet<string> | null,
	) {
		this.#settings = settings;
		this.#chosen = chosen;
		this.#place = from;
		this.#heartbeatAt = settings.clock.now() + HEARTBEAT_MS;
	}

	/** Also ends what it waits for, which would keep the object in memory. */
	stop(): void {
		this.isStopped = true;
		this.#stopped.resolve();
	}

	/** The next text; null: there is no more. */
	async next(): Promise<string | null> {
		const { read, synced, clock } = this.#settings;
		while (!this.isStopped) {
			const entries = read(this.#place);
			if (entries === undefined) return null;
			const last = entries.at(-1);
			if (last !== undefined) {
				await synced();
				this.#place = parsePlace(last.id);
				const text = entries.filter(({ name }) => this.#chosen?.has(name) ?? true).map(sseText);
				if (text.length === 0) continue;
				this.#heartbeatAt = clock.now() + HEARTBEAT_MS;
				return text.join("");
			}
			if (this.#place?.told === 2) return null;
			if (clock.now() >= this.#heartbeatAt) {
				this.#heartbeatAt = clock.now() + HEARTBEAT_MS;
				return HEARTBEAT;
			}
			await this.#moment();
		}
		return null;
	}

	/** Until something may have happened. */
	async #moment(): Promise<void> {
		const { isLive, changed, clock } = this.#settings;
		const { promise, resolve } = Promise.withResolvers<void>();
		const live = isLive();
		const cancel = clock.after(live ? LOOK_MS : this.#heartbeatAt - clock.now(), resolve);
		const stopped = this.#stopped.promise;
		await Promise.race(live ? [promise, stopped] : [promise, stopped, changed()]);
		cancel();
	}
}
