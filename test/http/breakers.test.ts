/** `/types/:type/breakers`: the shapes, and what is refused. What a breaker does: test/shards. */
import { describe, expect, it } from "vitest";
import { shardName } from "../../src/model/ids";
import { unwrap } from "../../src/model/rpc";
import { runners } from "../support/instance";
import { clock, define } from "../support/lab";
import { issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const done = () => define(async () => null);

/** Lets an attempt of the step fail, which opens its breaker. */
async function open(type: string, breaker: string): Promise<void> {
	const said = { breaker, caller: "i-1/call/1", failureThreshold: 1, resetTimeoutMs: 30_000 };
	const shard = runners.getByName(shardName(type));
	unwrap(await shard.breakerReport({ ...said, period: 0, outcome: "failure" }));
}

const path = (type: string, breaker: string) =>
	`/types/${type}/breakers/${encodeURIComponent(breaker)}/reset`;

describe("/types/:type/breakers", () => {
	it("GET lists those that have failed, by name", async () => {
		const type = done();
		const service = new Service([type]);
		await open(type, "payment/call now");
		await open(type, "fetch");
		const opened = {
			state: "open",
			failures: 1,
			failureThreshold: 1,
			resetTimeoutMs: 30_000,
			lastFailureAt: clock.now(),
			openedAt: clock.now(),
			retryAt: clock.now() + 30_000,
			trial: null,
		};
		expect((await service.get(`/types/${type}/breakers`)).body).toStrictEqual({
			breakers: [
				{ name: "fetch", ...opened },
				{ name: "payment/call now", ...opened },
			],
		});
	});

	it("GET of a type that never had one writes nothing", async () => {
		const type = done();
		const reply = await new Service([type]).get(`/types/${type}/breakers`);
		expect([reply.status, reply.body]).toStrictEqual([200, { breakers: [] }]);
		expect(await storedIn(shardName(type))).toEqual(NOTHING);
	});

	it("POST …/:name/reset closes one, whatever characters its name has", async () => {
		const type = done();
		const service = new Service([type]);
		const names = ["payment/call now", "50% off?", "größe#x"];
		for (const name of names) {
			await open(type, name);
			const reply = await service.post(path(type, name), {});
			expect(reply.status).toBe(200);
			expect(reply.body).toMatchObject({ name, state: "closed", failures: 0, openedAt: null });
		}
		expect((await service.get(`/types/${type}/breakers`)).body).toMatchObject({
			breakers: names.toSorted().map((name) => ({ name, state: "closed" })),
		});
		// It may be asked for again.
		expect((await service.post(path(type, "50% off?"))).status).toBe(200);
	});
});

describe("is refused, and changes nothing:", () => {
	it("a type that is not registered", async () => {
		const service = new Service([done()]);
		refusal(await service.get("/types/none/breakers"), 404, "UNKNOWN_TYPE");
		refusal(await service.post(path("none", "call")), 404, "UNKNOWN_TYPE");
		expect(service.asked).toEqual([]);
	});

	it("a reset of a breaker that never failed", async () => {
		const type = done();
		const error = refusal(
			await new Service([type]).post(path(type, "call")),
			404,
			"BREAKER_NOT_FOUND",
		);
		expect(error.message).toContain(`GET /types/${type}/breakers`);
		expect(await storedIn(shardName(type))).toEqual(NOTHING);
	});

	it("a name that no step has, or in broken encoding", async () => {
		const type = done();
		const service = new Service([type]);
		for (const name of ["x".repeat(257), "call#2"]) {
			const error = refusal(await service.post(path(type, name)), 400, "VALIDATION_ERROR");
			expect(error.details).toEqual({ path: "name" });
		}
		const broken = await service.post(`/types/${type}/breakers/%E0%A4/reset`);
		expect(refusal(broken, 400, "VALIDATION_ERROR").details).toEqual({ path: "name" });
		expect(service.asked).toEqual([]);
	});

	it("a body or a query that says something", async () => {
		const type = done();
		const service = new Service([type]);
		await open(type, "call");
		const body = await service.post(path(type, "call"), { force: true });
		expect(issuePaths(refusal(body, 400, "VALIDATION_ERROR"))).toEqual(["body"]);
		const query = await service.get(`/types/${type}/breakers?state=open`);
		expect(issuePaths(refusal(query, 400, "VALIDATION_ERROR"))).toEqual(["query"]);
		expect((await service.get(`/types/${type}/breakers`)).body).toMatchObject({
			breakers: [{ state: "open" }],
		});
	});

	it("another method", async () => {
		const type = done();
		const service = new Service([type]);
		const list = await service.post(`/types/${type}/breakers`, {});
		refusal(list, 405, "METHOD_NOT_ALLOWED");
		expect(list.headers.get("Allow")).toBe("GET");
		const reset = await service.get(path(type, "call"));
		refusal(reset, 405, "METHOD_NOT_ALLOWED");
		expect(reset.headers.get("Allow")).toBe("POST");
	});
});
