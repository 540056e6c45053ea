/** What followers of a type are told: all that its shards hear, in order, or that there is a gap. */
import { describe, expect, it } from "vitest";
import { followTypes } from "../../src/client/follow-types";
import { controlInstance, removeInstance } from "../../src/client/runner-client";
import type { InstanceIndexRow } from "../../src/db/index-store";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import type { StreamRequest } from "../../src/model/rpc";
import { News } from "../../src/shards/news";
import { Follower, type Told } from "../support/follower";
import { runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { tell, update } from "../support/updates";

const follow = async (types: string[], request: StreamRequest = {}) =>
	new Follower(await followTypes(runners, types, request));

/** So many events that are told. */
async function take(follower: Follower, count: number): Promise<Told[]> {
	const told: Told[] = [];
	while (told.length < count) {
		const next = await follower.next();
		if (next === undefined) throw new Error(`it ended after ${told.length} events`);
		told.push(next);
	}
	return told;
}

const lines = (told: readonly Told[]) =>
	told.map(({ event, data }) => `${event.replace("workflow.", "")} ${data.instanceId}`);

describe("followers of a type", () => {
	it("are told how its instances start, wait, end and go", async () => {
		const type = define((step) => step.waitForEvent("go"));
		const follower = await follow([type]);
		const a = await TestInstance.create(type, null, "news-a");
		await a.until("waiting");
		expect(lines(await take(follower, 2))).toEqual(["started news-a", "status news-a"]);
		await a.event("go");
		await a.until("completed");
		await removeInstance(runners, a.id);
		const b = await TestInstance.create(type, null, "news-b");
		await b.until("waiting");
		await controlInstance(runners, b.id, "terminate");
		const told = await follower.until("workflow.cancelled");
		expect(lines(told)).toContain("completed news-a");
		expect(lines(told)).toContain("removed news-a");
		expect(told[0]?.data).toMatchObject({ workflowName: type, status: "completed" });
		await follower.close();
	});

	it("miss nothing while their connection is broken", async () => {
		const type = "news-resume";
		const first = await follow([type]);
		await tell(type, [update({ id: "a" })]);
		const told = await take(first, 1);
		await first.close();
		await tell(type, [update({ id: "b" })]);
		await tell(type, [update({ id: "c" })]);
		const second = await follow([type], { from: told[0]?.id });
		await tell(type, [update({ id: "d" })]);
		expect(lines(await take(second, 3))).toEqual(["started b", "started c", "started d"]);
		await second.close();
	});

	it("are told of a gap when the shard was made anew meanwhile", async () => {
		const type = "news-gap";
		const first = await follow([type]);
		await tell(type, [update({ id: "a" })]);
		const told = await take(first, 1);
		await new TestInstance(shardName(type)).crash();
		await tell(type, [update({ id: "b" })]);
		const second = await follow([type], { from: told[0]?.id, events: ["workflow.completed"] });
		expect((await take(second, 1))[0]).toMatchObject({ event: "stream.gap" });
		await tell(type, [update({ id: "b", seq: 2, status: "completed" })]);
		expect(lines(await take(second, 1))).toEqual(["completed b"]);
		await second.close();
	});

	it("are told of several types and shards in one stream, each from where they were", async () => {
		const types = ["news-x", "news-y"];
		const first = await follow(types);
		await tell("news-x", [update({ id: "x1" })]);
		const told = await take(first, 1);
		await tell("news-y", [update({ id: "y1" })]);
		told.push(...(await take(first, 1)));
		await first.close();
		await tell("news-x", [update({ id: "x2" })]);
		await tell("news-y", [update({ id: "y2" })]);
		const second = await follow(types, { from: told[1]?.id });
		expect(lines(await take(second, 2)).sort()).toEqual(["started x2", "started y2"]);
		await second.close();
		const third = await follow(types, { from: told[0]?.id });
		// Nothing had been told of the other type by then, and it is known where that was.
		const rest = ["started x2", "started y1", "started y2"];
		expect(lines(await take(third, 3)).sort()).toEqual(rest);
		await third.close();
	});

	it("are told of a gap when they read too slowly for what is kept", async () => {
		const news = new News({ type: "slow", clock, life: "life" });
		const follower = new Follower(news.follow({}));
		const row = (n: number): InstanceIndexRow => {
			return { ...update({ id: `i-${n}` }), attributes: null };
		};
		news.heard(undefined, row(0));
		expect(await follower.next()).toMatchObject({ id: "life.1" });
		for (let n = 1; n <= 2_500; n++) news.heard(undefined, row(n));
		expect(await follower.next()).toMatchObject({ id: "life.2501", event: "stream.gap" });
		news.heard(undefined, row(2_501));
		expect(await follower.next()).toMatchObject({ data: { instanceId: "i-2501" } });
	});

	it("that cannot follow one of several types follow none", async () => {
		const types = ["news-free", "news-full"];
		const full = await Promise.all(
			Array.from({ length: LIMITS.typeStreams }, () => follow(["news-full"])),
		);
		for (let n = 0; n < LIMITS.typeStreams; n++) {
			await expect(follow(types)).rejects.toMatchObject({ code: "STREAM_LIMIT" });
		}
		const followers = [...full];
		await expect
			.poll(async () => {
				const free = await follow(["news-free"]).catch(() => undefined);
				if (free !== undefined) followers.push(free);
				return free;
			})
			.toBeDefined();
		await Promise.all(followers.map((follower) => follower.close()));
	});

	it("are refused past their number, and with a place that is none; nothing is written", async () => {
		const type = "news-none";
		for (const from of ["x", "__index:news-none", "__index:news-none~a", "nobody~a.1"]) {
			await expect(follow([type], { from })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
		}
		const followers = await Promise.all(
			Array.from({ length: LIMITS.typeStreams }, () => follow([type])),
		);
		await expect(follow([type])).rejects.toMatchObject({ code: "STREAM_LIMIT" });
		await Promise.all(followers.map((follower) => follower.close()));
		const shard = new TestInstance(shardName(type));
		expect(await shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
	});
});
