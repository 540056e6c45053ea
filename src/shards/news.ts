/**
 * What a shard hears of its instances, told to those who follow the type: in the order in which it
 * was heard. The latest of it stays in memory, so that a follower whose connection broke misses
 * nothing; one that was away for longer, or while the shard was made anew, is told that there is a
 * gap.
 */
import { type InstanceIndexRow, REMOVED } from "../db/index-store";
import { badPlace, FROM_NOW_ON, parseEventChoice } from "../model/chronicle";
import { LIMITS } from "../model/limits";
import type { Clock } from "../model/ports";
import type { StreamRequest } from "../model/rpc";
import type { WorkflowStatus } from "../model/status";
import { EventStreams, type Feed, type StreamEvent } from "../streams/event-streams";

/** Events that are kept. */
const KEPT = 1_000;

export interface NewsSettings {
	type: string;
	clock: Clock;
	/** Tells this life of the shard from others. */
	life: string;
}

export class News {
	readonly #settings: NewsSettings;
	readonly #streams: EventStreams;
	/** The latest, in order. */
	readonly #kept: StreamEvent[] = [];
	/** How many there were. */
	#count = 0;
	readonly #listeners = new Set<() => void>();

	constructor(settings: NewsSettings) {
		this.#settings = settings;
		this.#streams = new EventStreams(settings.clock, LIMITS.typeStreams);
	}

	/** A row became another; undefined: there was none. Call it when that is written. */
	heard(before: InstanceIndexRow | undefined, row: InstanceIndexRow): void {
		const { type, clock } = this.#settings;
		const isNew = before === undefined || before.createdAt !== row.createdAt;
		const was = isNew ? "created" : before.status;
		for (const name of namesOf(was, row.status)) {
			const { id, status, createdAt, updatedAt } = row;
			const data = { instanceId: id, workflowName: type, status, createdAt, updatedAt };
			this.#kept.push({ id: this.placeText(++this.#count), name, at: clock.now(), data });
		}
		if (this.#kept.length > 2 * KEPT) this.#kept.splice(0, this.#kept.length - KEPT);
		for (const listener of [...this.#listeners]) listener();
	}

	/** @throws {WorkflowError} `STREAM_LIMIT`; {ValidationError} for a place that is none. */
	follow({ from, events = [] }: StreamRequest): ReadableStream<Uint8Array> {
		const chosen = parseEventChoice(events);
		const feed = new NewsFeed(this, this.#beginning(from));
		return this.#streams.open(feed, chosen && new Set([...chosen, GAP]));
	}

	/** What there was behind the first so many: that, or a gap where it is not kept, or null is given. */
	behind(count: number | null): { events: readonly StreamEvent[]; count: number } {
		const missing = count === null ? Number.POSITIVE_INFINITY : this.#count - count;
		const isKept = missing >= 0 && missing <= this.#kept.length;
		const events = isKept ? this.#kept.slice(this.#kept.length - missing) : [this.#gap()];
		return { events, count: this.#count };
	}

	/** Has the listener called with each event; returns what ends that. */
	watch(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Where a follower goes on; null: it was in another life of the shard. */
	#beginning(from: string | undefined): number | null {
		if (from === undefined) return this.#count;
		const [, life, count] = /^([\w-]{1,40})\.(\d{1,15})$/.exec(from) ?? [];
		if (life === undefined) throw badPlace(from, FROM_NOW_ON);
		return life === this.#settings.life ? Number(count) : null;
	}

	#gap(): StreamEvent {
		const { type, clock } = this.#settings;
		const data = { workflowName: type };
		return { id: this.placeText(this.#count), name: GAP, at: clock.now(), data };
	}

	/** The id of the last of so many. */
	placeText(count: number): string {
		return `${this.#settings.life}.${count}`;
	}
}

/** Events were missed: what instances there are says a listing. */
const GAP = "stream.gap";

class NewsFeed implements Feed {
	/** None for one that is to be told of a gap: until it has, it stays where it is. */
	readonly start?: string;
	readonly #news: News;
	#count: number | null;

	constructor(news: News, count: number | null) {
		this.#news = news;
		this.#count = count;
		if (count !== null) this.start = news.placeText(count);
	}

	read(): readonly StreamEvent[] {
		const { events, count } = this.#news.behind(this.#count);
		this.#count = count;
		return events;
	}

	watch(wake: () => void): () => void {
		return this.#news.watch(wake);
	}

	/** What is told was written before it was heard. */
	async synced(): Promise<void> {}
}

/** An instance that ends sooner than its shard hears of it is told of in one go. */
function namesOf(was: Status, is: Status): string[] {
	const begins = was === "created" && !UNBEGUN.includes(is) ? ["workflow.started"] : [];
	const end = ENDS[is];
	if (end !== undefined) return [...begins, end];
	return is === "running" && begins.length > 0 ? begins : [...begins, "workflow.status"];
}

type Status = WorkflowStatus | typeof REMOVED;

const UNBEGUN: readonly Status[] = ["created", "paused", "terminated", "timed_out", REMOVED];
const ENDS: Partial<Record<Status, string>> = {
	completed: "workflow.completed",
	errored: "workflow.failed",
	timed_out: "workflow.failed",
	terminated: "workflow.cancelled",
	[REMOVED]: "workflow.removed",
};
