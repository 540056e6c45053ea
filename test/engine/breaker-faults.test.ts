/** Instances and the breaker of their step when objects are lost, and when the shard gives no answer. */
import { expect, it, onTestFinished, vi } from "vitest";
import { listBreakers } from "../../src/client/breakers";
import { BreakerStore } from "../../src/db/breaker-store";
import type { StyleStep } from "../../src/engine/program";
import { breakerPolicy } from "../../src/model/breaker";
import { WorkflowError } from "../../src/model/errors";
import { shardName } from "../../src/model/ids";
import { failingOnce } from "../shards/faults";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const RESET_MS = 60_000;

/** A type whose one step calls a service that the test has up, down, or slow. */
class Service {
	readonly calls: string[] = [];
	work: (id: string) => Promise<string> = async () => "up";
	readonly type = define(async (step: StyleStep, id) =>
		step.doHandled(
			"call",
			() => {
				this.calls.push(String(id));
				return this.work(String(id));
			},
			{
				retries: { limit: 1 },
				breaker: breakerPolicy({ failureThreshold: 2, resetTimeout: RESET_MS }),
			},
		),
	);

	get shard(): TestInstance {
		return new TestInstance(shardName(this.type));
	}

	create(id: string): Promise<TestInstance> {
		return TestInstance.create(this.type, id);
	}

	/** Two instances fail; their reports, which nobody waits for, have arrived. */
	async open(): Promise<void> {
		this.work = () => Promise.reject(new Error("down"));
		for (const id of ["first", "second"]) await (await this.create(id)).until("errored");
		await this.untilState("open");
		this.calls.length = 0;
		this.work = async () => "up";
	}

	/** Open, and due to be tried. */
	async due(): Promise<void> {
		await this.open();
		clock.advance(RESET_MS);
	}

	async state(): Promise<string | undefined> {
		return (await listBreakers(runners, this.type))[0]?.state;
	}

	async untilState(state: string): Promise<void> {
		await vi.waitFor(async () => expect(await this.state()).toBe(state), { timeout: 4_000 });
	}
}

const code = async (instance: TestInstance) => {
	const { errorDetails } = await instance.until("errored");
	return errorDetails !== null && "code" in errorDetails ? errorDetails.code : undefined;
};

/** The shard cannot read its breakers, until the function that is returned is called. */
function unreadable(): () => void {
	const spy = vi.spyOn(BreakerStore.prototype, "all").mockImplementation(() => {
		throw new WorkflowError("TRY_AGAIN", "not now, as the test wants it");
	});
	onTestFinished(() => spy.mockRestore());
	return () => spy.mockRestore();
}

it("of instances that race for the trial one calls the service, and the others are refused", async () => {
	const service = new Service();
	await service.due();
	const answer = gate<string>();
	service.work = () => answer.promise;
	const racing = await Promise.all(["a", "b", "c"].map((id) => service.create(id)));
	await vi.waitFor(() => expect(service.calls.length).toBe(1));
	const [trying] = service.calls;
	const others = racing.filter((_, n) => ["a", "b", "c"][n] !== trying);
	expect(await Promise.all(others.map(code))).toEqual(["CIRCUIT_OPEN", "CIRCUIT_OPEN"]);
	answer.resolve("up");
	const tried = racing.find((instance) => !others.includes(instance));
	expect((await tried?.until("completed"))?.result).toBe("up");
	await service.untilState("closed");
	expect(service.calls.length).toBe(1);
});

it("a trial whose instance is lost in the middle of it is made again by that instance", async () => {
	const service = new Service();
	await service.due();
	service.work = () => gate<string>().promise;
	const instance = await service.create("lost");
	await vi.waitFor(() => expect(service.calls).toEqual(["lost"]));
	await instance.crash();
	service.work = async () => "up";
	await instance.advance(5_000);
	expect((await instance.until("completed")).result).toBe("up");
	expect(service.calls).toEqual(["lost", "lost"]);
	await service.untilState("closed");
});

it("a trial whose shard is lost in the middle of it closes the breaker all the same", async () => {
	const service = new Service();
	await service.due();
	const answer = gate<string>();
	service.work = () => answer.promise;
	const instance = await service.create("a");
	await vi.waitFor(() => expect(service.calls).toEqual(["a"]));
	await service.shard.crash();
	expect(await code(await service.create("b"))).toBe("CIRCUIT_OPEN");
	await service.shard.evict();
	answer.resolve("up");
	await instance.until("completed");
	await service.untilState("closed");
});

it("an attempt whose first question gets no answer asks again", async () => {
	const service = new Service();
	await service.open();
	await service.shard.evict();
	const failed = failingOnce(BreakerStore, "all", {});
	expect(await code(await service.create("a"))).toBe("CIRCUIT_OPEN");
	expect(failed()).toBe(1);
	expect(service.calls).toEqual([]);
});

it("an attempt that gets no answer is made unprotected, and says nothing to the breaker", async () => {
	const service = new Service();
	await service.open();
	await service.shard.evict();
	const readable = unreadable();
	expect((await (await service.create("a")).until("completed")).result).toBe("up");
	expect(service.calls).toEqual(["a"]);
	readable();
	expect(await service.state()).toBe("open");
});

it("a report that cannot be delivered holds nobody up, and counts nothing", async () => {
	const service = new Service();
	service.work = () => Promise.reject(new Error("down"));
	const spy = vi.spyOn(BreakerStore.prototype, "write").mockImplementation(() => {
		throw new WorkflowError("TRY_AGAIN", "not now, as the test wants it");
	});
	await (await service.create("a")).until("errored");
	await vi.waitFor(() => expect(spy).toHaveBeenCalledTimes(3), { timeout: 4_000 });
	spy.mockRestore();
	expect(await listBreakers(runners, service.type)).toEqual([]);
});
