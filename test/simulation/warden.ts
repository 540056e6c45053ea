/**
 * Watches the guard of a type and the instances that share it, and holds what it sees against what
 * a guard promises: nobody works without a slot, nobody is passed over, no slot is lost.
 *
 * It believes rows only: the guard's after each of its tasks, the instances' when they call a
 * function and when they commit.
 */
import { isTerminal, type WorkflowStatus } from "../../src/model/status";
import type { GuardPlan } from "./crowd";
import type { FakeObject } from "./fake-object";
import type { FakeStorage } from "./fake-storage";
import { ensure, hasTable, QUERIES } from "./witness";

/** The guard's row of an instance. */
interface SlotFacts {
	id: string;
	createdAt: number;
	seq: number;
	state: "queued" | "held";
	key: string | null;
	priority: number;
	isStart: number;
}

/** What an instance's own row says. */
interface MemberFacts {
	id: string;
	createdAt: number;
	status: WorkflowStatus;
	startedAt: number | null;
	slot: string | null;
	slotKey: string | null;
	slotSeq: number;
}

const SLOTS = `SELECT id, created_at AS createdAt, seq, state, key, priority, is_start AS isStart
	FROM slots`;
const MEMBER = `SELECT id, created_at AS createdAt, status, started_at AS startedAt, slot,
	slot_key AS slotKey, slot_seq AS slotSeq FROM workflow`;

/** How often the guard looks again while anyone waits, and asks one that has a slot. */
const LOOK_MS = 10_000;
const CHECK_MAX_MS = 86_400_000;
/** The longest between two tries to tell the guard. */
const DELIVERY_RETRY_MS = 300_000;

export class Warden {
	readonly #plan: GuardPlan;
	readonly #objects: readonly FakeObject[];
	readonly #clocks: { readonly wallMs: number; readonly wallMaxMs: number };
	/** The guard's rows, as it has written them. */
	#slots = new Map<string, SlotFacts>();
	/** When starts were granted, and how many of them are committed. */
	#starts: number[] = [];
	#startsCommitted = 0;
	/** By id and creation: the latest request that the guard was told is over; and since its commit. */
	readonly #over = new Map<string, number>();
	#overSince: [request: string, seq: number][] = [];

	constructor(
		plan: GuardPlan,
		objects: readonly FakeObject[],
		clocks: { readonly wallMs: number; readonly wallMaxMs: number },
	) {
		this.#plan = plan;
		this.#objects = objects;
		this.#clocks = clocks;
	}

	toString(): string {
		return Array.from(this.#slots.values(), ({ id, seq, state }) => `${id} ${seq} ${state}`).join();
	}

	/** The guard's shard may have written. */
	look(shard: FakeStorage): void {
		if (!shard.slotsChanged) return;
		shard.slotsChanged = false;
		const before = this.#slots;
		this.#slots = new Map(shard.read<SlotFacts>(SLOTS).map((row) => [row.id, row]));
		const { limit, keyLimit } = this.#plan;
		const held = this.#held();
		ensure(held.length <= (limit ?? Infinity), "Q1", `${held.length} slots of ${limit} are held`);
		for (const { key } of held) {
			const ofKey = this.#heldOf(key);
			const fits = key === null || ofKey <= (keyLimit ?? Infinity);
			ensure(fits, "Q1", `${ofKey} slots of key ${key} are held, of ${keyLimit}`);
		}
		for (const row of before.values()) {
			const isOver = this.#slots.get(row.id)?.seq !== row.seq;
			if (isOver) this.#overSince.push([requestOf(row), row.seq]);
		}
		for (const row of held) {
			const old = before.get(row.id);
			const isNew = old?.state !== "held" || old.seq !== row.seq || old.createdAt !== row.createdAt;
			if (isNew) this.#granted(row);
		}
	}

	/** What it had not committed is gone. */
	guardDied(shard: FakeStorage): void {
		this.#starts.length = this.#startsCommitted;
		this.#overSince = [];
		shard.slotsChanged = false;
		const rows = hasTable(shard, "slots") ? shard.read<SlotFacts>(SLOTS) : [];
		this.#slots = new Map(rows.map((row) => [row.id, row]));
	}

	guardCommitted({ alarmAt }: FakeStorage): void {
		this.#startsCommitted = this.#starts.length;
		for (const [request, seq] of this.#overSince.splice(0)) {
			this.#over.set(request, Math.max(seq, this.#over.get(request) ?? 0));
		}
		if (this.#slots.size === 0) return;
		const { wallMaxMs } = this.#clocks;
		const someWait = this.#held().length < this.#slots.size;
		const latest = wallMaxMs + (someWait ? LOOK_MS : CHECK_MAX_MS);
		const at = alarmAt ?? Infinity;
		ensure(at <= latest, "G4", `the guard's alarm stands ${at - latest} ms too late`);
	}

	/** The function of a step of an instance is called. */
	called({ name, storage }: FakeObject): void {
		const facts = factsOf(storage);
		ensure(facts?.slot === "held", "Q1", `${name} works, and its slot is "${facts?.slot}"`);
		this.#checkWorking();
	}

	/** An instance has committed. */
	committed({ name, storage }: FakeObject): void {
		this.#checkWorking();
		const facts = factsOf(storage);
		if (facts?.slot == null || facts.slotSeq === 0) return;
		const { slot, slotSeq, createdAt } = facts;
		const row = this.#slots.get(name);
		// One of another creation, which came to nothing, is for the guard to find out.
		const isOwn = row?.createdAt === createdAt;
		const isKnown = isOwn && row?.seq === slotSeq;
		if (slot === "held") {
			ensure(isKnown && row?.state === "held", "Q1", `${name} has a slot that the guard has not`);
			return;
		}
		// So is a message that came again after it was over.
		const isLate = row !== undefined && row.seq <= (this.#over.get(requestOf(row)) ?? 0);
		const isUpToDate = slot === "queued" ? isKnown : !isOwn || isLate;
		const at = storage.alarmAt ?? Infinity;
		const latest = this.#clocks.wallMaxMs + DELIVERY_RETRY_MS;
		ensure(isUpToDate || at <= latest, "G4", `nothing tells the guard that ${name} is ${slot}`);
	}

	/** All instances have ended, and no alarm is left but that which forgets removals. */
	checkEnd(shard: FakeStorage): void {
		const remembers = hasTable(shard, "instances") && shard.read(QUERIES.removals).length > 0;
		ensure(remembers || shard.alarmAt === null, "G4", "the guard has an alarm, and nothing to do");
		ensure(this.#slots.size === 0, "Q1", `slots are left: ${this}`);
	}

	/** Who of those that could have had it was to have it? */
	#granted(granted: SlotFacts): void {
		const { keyLimit, rate } = this.#plan;
		for (const other of this.#slots.values()) {
			if (other.state === "held" || other.id === granted.id || !isBefore(other, granted)) continue;
			const hasRoom = other.key === null || this.#heldOf(other.key) < (keyLimit ?? Infinity);
			const mayStart = rate === null || other.isStart === 0 || granted.isStart === 1;
			ensure(!hasRoom || !mayStart, "Q1", `${granted.id} has a slot before ${other.id}`);
		}
		if (rate === null || granted.isStart === 0) return;
		// A clock that was set back stands still, as far as the rate is concerned.
		const at = Math.max(this.#clocks.wallMs, this.#starts.at(-1) ?? 0);
		this.#starts.push(at);
		const tookMs = at - (this.#starts.at(-1 - rate.limit) ?? -Infinity);
		ensure(tookMs >= rate.perMs, "Q1", `${rate.limit + 1} started within ${tookMs} ms`);
	}

	#held(): SlotFacts[] {
		return [...this.#slots.values()].filter(({ state }) => state === "held");
	}

	#heldOf(key: string | null): number {
		return this.#held().filter((row) => row.key === key).length;
	}

	/** Of the instances' own rows: those that work, or keep others from it. */
	#checkWorking(): void {
		const { limit, keyLimit, releases } = this.#plan;
		const working = this.#objects.flatMap(({ storage }) => {
			const facts = factsOf(storage);
			if (facts === undefined) return [];
			const { status, startedAt } = facts;
			const works = releases ? status === "running" : startedAt !== null && !isTerminal(status);
			return works ? [facts] : [];
		});
		const count = working.length;
		ensure(count <= (limit ?? Infinity), "Q1", `${count} are at work, of ${limit}`);
		for (const { slotKey } of working) {
			const ofKey = working.filter((each) => each.slotKey === slotKey).length;
			const fits = slotKey === null || ofKey <= (keyLimit ?? Infinity);
			ensure(fits, "Q1", `${ofKey} of key ${slotKey} are at work, of ${keyLimit}`);
		}
	}
}

function factsOf(storage: FakeStorage): MemberFacts | undefined {
	return hasTable(storage, "workflow") ? storage.read<MemberFacts>(MEMBER)[0] : undefined;
}

function requestOf({ id, createdAt }: SlotFacts): string {
	return `${id} ${createdAt}`;
}

function isBefore(a: SlotFacts, b: SlotFacts): boolean {
	if (a.priority !== b.priority) return a.priority > b.priority;
	return a.createdAt === b.createdAt ? a.id < b.id : a.createdAt < b.createdAt;
}
