/** Delivery to the index (G12): it catches up, in order, whatever fails in between. */
import { describe, expect, it } from "vitest";
import { shardName } from "../../src/model/ids";
import type { IndexUpdate } from "../../src/model/index-rpc";
import type { StatusSource } from "../../src/model/ports";
import { type Announcement, unwrap } from "../../src/model/rpc";
import { Outbox } from "../../src/shards/outbox";
import { listed, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

async function statuses(type: string): Promise<[string, string][]> {
	return (await listed(type)).map(({ id, status }) => [id, status]);
}

function update(changes: Partial<IndexUpdate>): IndexUpdate {
	return { id: "a", seq: 1, status: "running", createdAt: 10, updatedAt: 10, ...changes };
}

const write = async (type: string, changes: Partial<IndexUpdate>) =>
	unwrap(await runners.getByName(shardName(type)).indexWrite(update(changes)));

describe("the index", () => {
	it("has an instance with its latest status, and when it was created", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const instance = await TestInstance.create(type);
		const { createdAt } = await instance.until("waiting");
		await expect.poll(() => statuses(type)).toEqual([[instance.id, "waiting"]]);
		clock.advance(1_000);
		await instance.event("go");
		await instance.until("completed");
		await expect.poll(() => statuses(type)).toEqual([[instance.id, "completed"]]);
		const [row] = await listed(type);
		expect(row).toMatchObject({ createdAt, updatedAt: createdAt + 1_000 });
	});

	it("keeps the newer of two updates, in whichever order they arrive", async () => {
		await write("order-of-arrival", { seq: 3, status: "completed", updatedAt: 30 });
		await write("order-of-arrival", { seq: 2, status: "sleeping", updatedAt: 20 });
		await write("order-of-arrival", { seq: 3, status: "completed", updatedAt: 30 });
		expect(await statuses("order-of-arrival")).toEqual([["a", "completed"]]);
	});

	it("lists the newest first, filtered by status, up to the limit", async () => {
		for (const [id, createdAt, status] of [
			["old", 1, "completed"],
			["b", 2, "running"],
			["a", 2, "completed"],
		] as const) {
			await write("ordered", { id, createdAt, status });
		}
		expect((await statuses("ordered")).map(([id]) => id)).toEqual(["b", "a", "old"]);
		const completed = { status: "completed", limit: 1 } as const;
		expect((await listed("ordered", completed)).map(({ id }) => id)).toEqual(["a"]);
	});

	it("of a type without instances is empty and leaves no table behind (G14)", async () => {
		expect(await statuses("never-used")).toEqual([]);
		const shard = new TestInstance(shardName("never-used"));
		expect(await shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
	});

	it("hears of a change whose object died right after it, by the next alarm", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.control("terminate");
		await instance.crash();
		await instance.advance(10_000);
		await expect.poll(() => statuses(type)).toEqual([[instance.id, "terminated"]]);
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
	});
});

describe("the outbox", () => {
	/** An instance of which only its status matters, and a shard that fails when told to. */
	function world() {
		const state = { seq: 1, acknowledged: 0, rescheduled: 0, down: false };
		const received: number[] = [];
		const source: StatusSource = {
			pending: () =>
				state.seq > state.acknowledged
					? { type: "t", shard: 0, update: update({ seq: state.seq }) }
					: null,
			acknowledge: (message) => {
				state.acknowledged = message.update.seq;
			},
			deliveryRescheduled: () => {
				state.rescheduled++;
			},
		};
		const deliver = async (message: Announcement) => {
			await clock.turn();
			if (state.down) throw new Error("the shard is away");
			received.push(message.update.seq);
		};
		const outbox = new Outbox({ source, deliver, settleMs: () => 50, clock });
		return { state, received, outbox };
	}

	it("sends what is newest when it gets to it, and nothing twice", async () => {
		const { state, received, outbox } = world();
		outbox.kick();
		state.seq = 2;
		outbox.kick();
		await outbox.underWay;
		outbox.kick();
		await outbox.underWay;
		expect(received).toEqual([2]);
	});

	it("sends a change that came while another was under way", async () => {
		const { state, received, outbox } = world();
		outbox.kick();
		await clock.turn();
		await null;
		state.seq = 5;
		outbox.kick();
		await outbox.underWay;
		expect(received.at(-1)).toBe(5);
		expect(state.acknowledged).toBe(5);
	});

	it("asks for another try after a failure, later each time, and at once when it worked again", async () => {
		const { state, received, outbox } = world();
		state.down = true;
		const delays: number[] = [];
		for (let failure = 0; failure < 10; failure++) {
			outbox.kick();
			await outbox.underWay;
			delays.push((outbox.retryAt ?? 0) - clock.now());
		}
		expect(delays.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
		expect(Math.max(...delays)).toBe(300_000);
		expect(state.rescheduled).toBe(10);
		state.down = false;
		outbox.kick();
		await outbox.underWay;
		expect(received).toEqual([1]);
		expect(outbox.retryAt).toBeNull();
	});
});
