/**
 * Schedules whose object dies at any line, and calls that fail: each time of a schedule is decided
 * once, and started at most once. The part of the shard runs on a storage that forgets what was not
 * committed, with instances that the test makes up.
 */
import { describe, expect, it } from "vitest";
import { ScheduleStore } from "../../src/db/schedule-store";
import { ShardTables } from "../../src/db/shard-tables";
import { WorkflowError } from "../../src/model/errors";
import { OVERLAPS, type Overlap, type ScheduleRun } from "../../src/model/schedule";
import type { WorkflowStatus } from "../../src/model/status";
import type { ScheduledType } from "../../src/shards/schedule-starts";
import { Schedules } from "../../src/shards/schedules";
import { randomFrom } from "../support/random";
import { FakeStorage } from "./fake-storage";

const EPOCH = Date.UTC(2100, 0, 1);
const TICK = 10_000;
const MINUTE = 60_000;
const DIED = new Error("the object died");

/** Storage, time and the instances stay; the lives of the shard's object come and go. */
class World {
	now = EPOCH;
	/** Points at which the object can die: passed so far, and to die at. */
	points = 0;
	deaths: number[] = [];
	/** Calls of `create` that are to fail without an answer. */
	failing = 0;
	/** Ids that `create` was called with. */
	readonly calls: string[] = [];
	readonly instances = new Map<string, WorkflowStatus>();
	readonly faults: string[] = [];
	readonly storage = new FakeStorage();
	part = this.#begin();

	constructor(readonly overlap: Overlap) {}

	#begin(): Schedules {
		let alive = true;
		/** The object dies here if the test says so; a dead one does nothing any more. */
		const point = () => {
			if (alive && this.deaths.includes(++this.points)) {
				alive = false;
				this.storage.rollback();
			}
			if (!alive) throw DIED;
		};
		const { storage } = this;
		class MortalStore extends ScheduleStore {
			override transaction<T>(work: () => T): T {
				point();
				const result = super.transaction(work);
				point();
				return result;
			}
		}
		const rearm = () => {
			const dueAt = part.dueAt();
			if (dueAt !== null) storage.setAlarm(dueAt);
			point();
			storage.commit();
			point();
		};
		const call = async <T>(effect: () => T): Promise<T> => {
			point();
			const result = effect();
			await null;
			point();
			return result;
		};
		const scheduled: ScheduledType = {
			check: async () => {},
			create: ({ id }) => call(() => this.#create(id)),
			status: (id) => call(() => this.instances.get(id) ?? null),
			terminate: (id) => call(() => this.#terminate(id)),
		};
		const clock = { now: () => this.now, after: () => () => {}, turn: async () => {} };
		const store = new MortalStore(new ShardTables(storage.asStorage));
		const part: Schedules = new Schedules({
			type: "t",
			store,
			scheduled,
			clock,
			rearm,
			report() {},
		});
		return part;
	}

	/** Runs `work` on the object; false: it died of it, and the next life begins. */
	async attempt(work: (part: Schedules) => unknown): Promise<boolean> {
		try {
			await work(this.part);
			return true;
		} catch (error) {
			if (error !== DIED) throw error;
			this.part = this.#begin();
			return false;
		}
	}

	/** As `attempt`, until it does not die: who gets no answer asks again. */
	async insist(work: (part: Schedules) => unknown): Promise<void> {
		while (!(await this.attempt(work)));
	}

	/** Lets time pass, with the alarms at their times. */
	async pass(ms: number): Promise<void> {
		const until = this.now + ms;
		while (this.storage.alarmAt !== null && this.storage.alarmAt <= until) {
			this.now = Math.max(this.now, this.storage.alarmAt);
			this.storage.alarmBegins();
			// The shard sets the alarm anew when its parts are through.
			const isThrough = await this.attempt(async (part) => {
				await part.wake(this.now);
				this.storage.setAlarm(part.dueAt());
				this.storage.commit();
			});
			if (isThrough) this.storage.alarmEnded();
		}
		this.now = until;
	}

	/** Ends what runs, and the shard hears of it. */
	async endAll(): Promise<void> {
		for (const [id, status] of this.instances) {
			if (status !== "running") continue;
			this.instances.set(id, "completed");
			await this.insist((part) => part.ended(id));
		}
	}

	#create(id: string): void {
		this.calls.push(id);
		if (this.failing > 0) {
			this.failing--;
			throw new Error("no answer");
		}
		if (this.instances.has(id)) return;
		const others = [...this.instances].filter(([, status]) => status === "running");
		if (this.overlap !== "allow" && others.length > 0) {
			this.faults.push(`${id} starts beside ${others}`);
		}
		this.instances.set(id, "running");
	}

	#terminate(id: string): void {
		const status = this.instances.get(id);
		if (status === undefined) throw new WorkflowError("INSTANCE_NOT_FOUND", "none");
		if (status !== "running") throw new WorkflowError("ILLEGAL_STATUS_CHANGE", "ended");
		this.instances.set(id, "terminated");
	}

	async runs(): Promise<ScheduleRun[]> {
		return (await this.part.rpc.scheduleDescribe({ name: "s" })).runs;
	}
}

const EVERY_TICK = "*/10 * * * * *";
const EVERY_MINUTE = "* * * * *";

/** A world with a schedule `s`. */
async function worldWith(overlap: Overlap, cron: string): Promise<World> {
	const world = new World(overlap);
	const request = { name: "s", cron, payload: "=1", overlap };
	await world.part.rpc.scheduleCreate(request);
	world.points = 0;
	return world;
}

/** Six times of the schedule, a trigger among them, and instances that end in between. */
async function live(world: World): Promise<void> {
	await world.pass(2 * TICK);
	await world.endAll();
	await world.pass(TICK);
	const by = { actor: "tester", key: "once" };
	await world.insist((part) => part.rpc.scheduleTrigger({ name: "s", by }));
	await world.endAll();
	await world.pass(3 * TICK);
	await world.insist((part) => part.rpc.schedulePause({ name: "s" }));
	for (let round = 0; round < 6; round++) {
		await world.endAll();
		await world.pass(5_000);
	}
}

/** Six times and the trigger: each has one row; what was started is what is there. */
async function judge(world: World): Promise<void> {
	const runs = await world.runs();
	const clocked = runs.filter(({ triggeredBy }) => triggeredBy === null);
	const times = clocked.map(({ scheduledAt }) => (scheduledAt - EPOCH) / TICK);
	expect(times.sort()).toEqual([1, 2, 3, 4, 5, 6]);
	expect(runs.length).toBe(7);
	expect(world.faults).toEqual([]);
	const started = runs.filter(({ outcome }) => outcome === "started");
	expect(started.map(({ instanceId }) => instanceId).sort()).toEqual(
		[...world.instances.keys()].sort(),
	);
	const others = world.overlap === "skip" ? ["started", "skipped"] : ["started"];
	for (const { outcome } of runs) expect(others).toContain(outcome);
}

/** Lives the story with these deaths, and is judged; returns how many points it came by. */
async function lives(overlap: Overlap, deaths: number[]): Promise<number> {
	const world = await worldWith(overlap, EVERY_TICK);
	world.deaths = deaths;
	try {
		await live(world);
		await judge(world);
		return world.points;
	} catch (error) {
		throw new Error(`${overlap} with deaths at ${deaths}`, { cause: error });
	} finally {
		world.storage.close();
	}
}

describe.each(OVERLAPS)("with overlap %s", (overlap) => {
	it("the object may die at any point: each time has one row, and one instance at most", async () => {
		const points = await lives(overlap, []);
		expect(points).toBeGreaterThan(40);
		for (let death = 1; death <= points; death++) await lives(overlap, [death]);
	});

	it("it may die again and again", async () => {
		const seed = Date.now() % 1_000_000;
		const random = randomFrom(seed);
		for (let round = 0; round < 60; round++) {
			await lives(
				overlap,
				Array.from({ length: 12 }, () => Math.ceil(random() * 150)),
			);
		}
	});
});

describe("a start without an answer", () => {
	it("is tried again, later each time, and is one instance", async () => {
		const world = await worldWith("allow", EVERY_MINUTE);
		world.failing = 3;
		await world.pass(MINUTE);
		const waits: number[] = [];
		while ((await world.runs())[0]?.outcome === "queued") {
			const waitMs = (world.storage.alarmAt ?? 0) - world.now;
			waits.push(waitMs);
			await world.pass(waitMs);
		}
		expect(waits).toEqual([1_000, 2_000, 4_000]);
		expect(await world.runs()).toMatchObject([{ outcome: "started" }]);
		expect(new Set(world.calls).size).toBe(1);
		expect(world.storage.alarmAt).toBe(EPOCH + 2 * MINUTE);
	});

	it("is given up after ten, with the reason, and the next run is tried", async () => {
		const world = await worldWith("queue", EVERY_MINUTE);
		world.failing = 10;
		await world.pass(6 * MINUTE);
		const [second, first] = (await world.runs()).slice(-2);
		expect(first).toMatchObject({
			outcome: "failed",
			reason: "10 calls in a row failed, the last one with: no answer",
		});
		expect(second?.outcome).toBe("started");
	});
});

it("two alarms at once do what one does", async () => {
	const world = await worldWith("skip", EVERY_MINUTE);
	await world.pass(MINUTE);
	// The shard has not heard of this, and asks before it decides.
	for (const id of world.instances.keys()) world.instances.set(id, "completed");
	world.now += MINUTE;
	await Promise.all([world.part.wake(world.now), world.part.wake(world.now)]);
	expect(world.calls.length).toBe(2);
	expect(new Set(world.calls).size).toBe(2);
	expect((await world.runs()).map(({ outcome }) => outcome)).toEqual(["started", "started"]);
});

it("a schedule that is deleted while its run is being started starts no other", async () => {
	const world = await worldWith("allow", EVERY_MINUTE);
	world.now += 2 * MINUTE;
	const wake = world.part.wake(world.now);
	while (world.calls.length === 0) await null;
	world.part.rpc.scheduleDelete({ name: "s" });
	await wake;
	expect(world.calls.length).toBe(1);
	expect(world.part.dueAt()).toBeNull();
});
