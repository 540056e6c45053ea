/** Creating an instance: its id, its payload, its version, and what is refused. */
import { expect } from "vitest";
import * as z from "zod";
import { createInstance } from "../../../src/client/create-instance";
import { runners, TestInstance } from "../../support/instance";
import { between, sleep, step } from "./style";
import { type Behaviours, HOUR, SECOND, sleepOver, witness } from "./subject";

const tables = (id: string) => new TestInstance(id).sql("SELECT name FROM sqlite_master");

export const create: Behaviours = {
	"an id that is left out is made: unique, and its text begins with the time": async (subject) => {
		const type = subject.deploy([]);
		const before = Date.now();
		const created = await Promise.all(
			Array.from({ length: 20 }, () => createInstance(runners, { type, payload: null })),
		);
		const after = Date.now();
		const ids = created.map(({ id }) => id);
		expect(new Set(ids).size).toBe(20);
		for (const id of ids) {
			const madeAt = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
			expect(madeAt).toBeGreaterThanOrEqual(before);
			expect(madeAt).toBeLessThanOrEqual(after);
			await new TestInstance(id).until("completed");
		}
	},

	"a chosen id is the instance's id, also after an eviction": async (subject) => {
		const type = subject.deploy([sleep("nap", "1h")]);
		const created = await createInstance(runners, { type, id: "order:17.a_b-c", payload: null });
		expect(created).toEqual({ id: "order:17.a_b-c", type, status: "running", created: true });
		const instance = new TestInstance(created.id);
		await sleepOver(instance, HOUR);
		expect(await instance.until("completed")).toMatchObject({ id: "order:17.a_b-c", type });
	},

	"a second create of an id is refused and changes nothing": async (subject) => {
		const { calls, step } = witness();
		const type = subject.deploy([step("echo", (payload: unknown) => payload)]);
		const id = "only-once";
		const tries = [1, 2, 3].map((payload) => TestInstance.create(type, payload, id));
		const settled = await Promise.allSettled(tries);
		expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
		const instance = new TestInstance(id);
		const before = await instance.until("completed");
		await instance.evict();
		await expect(TestInstance.create(type, "other", id)).rejects.toMatchObject({
			code: "INSTANCE_EXISTS",
		});
		expect(await instance.status()).toEqual(before);
		expect(calls).toEqual(["echo"]);
	},

	"a type that is not registered is refused by name, and stores nothing": async (subject) => {
		const known = subject.deploy([]);
		await expect(TestInstance.create("unregistered", null, "no-type")).rejects.toMatchObject({
			code: "UNKNOWN_TYPE",
			message: expect.stringMatching(`"unregistered".*${known}`),
		});
		expect(await tables("no-type")).toEqual([]);
	},

	"an id of another form is refused": async (subject) => {
		const type = subject.deploy([]);
		for (const id of ["", "a b", "_a", `__index:${type}`, "a".repeat(101)]) {
			await expect(createInstance(runners, { type, id, payload: null })).rejects.toMatchObject({
				code: "VALIDATION_ERROR",
				details: { path: "id" },
			});
		}
	},

	"a payload that is left out is undefined, live and on replay": async (subject) => {
		const seen: unknown[] = [];
		const see = between((payload) => void seen.push(payload));
		const type = subject.deploy([see, sleep("nap", "1s"), see]);
		const { id } = await createInstance(runners, { type, payload: undefined });
		await sleepOver(new TestInstance(id), SECOND);
		await new TestInstance(id).until("completed");
		expect(seen).toEqual(Array(subject.timesCalled({ replays: 1 }) + 1).fill(undefined));
	},

	"a payload that the declared schema refuses creates nothing": async (subject) => {
		const { calls, step } = witness();
		const payload = z.object({ name: z.string() });
		const type = subject.deploy([step("greet")], { payload });
		await expect(TestInstance.create(type, { name: 1 }, "refused")).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			details: { issues: [{ path: "payload.name" }] },
		});
		expect(await tables("refused")).toEqual([]);
		expect(calls).toEqual([]);
	},

	"a payload is what the declared schema makes of it, also on replay": async (subject) => {
		const seen: unknown[] = [];
		const payload = z.object({ name: z.string(), times: z.number().default(2) });
		const see = between((payload) => {
			seen.push(payload);
			return payload;
		});
		const instance = await subject.start(
			[see, sleep("nap", "1s"), see],
			{ name: "a" },
			{ payload },
		);
		await sleepOver(instance, SECOND);
		expect((await instance.until("completed")).payload).toEqual({ name: "a", times: 2 });
		const times = subject.timesCalled({ replays: 1 }) + 1;
		expect(seen).toEqual(Array(times).fill({ name: "a", times: 2 }));
	},

	"an instance keeps the version that it began with over a deploy of another": async (subject) => {
		const flow = [sleep("nap", "1s"), step("work", () => "done")];
		const type = subject.deploy(flow, { version: "1" });
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		subject.deploy(flow, { version: "2" }, type);
		await sleepOver(instance, SECOND);
		expect(await instance.until("completed")).toMatchObject({ version: "1", result: "done" });
		const later = await TestInstance.create(type);
		expect((await later.until("sleeping")).version).toBe("2");
	},
};
