/**
 * `kill -9` of the whole service while a step's circuit breaker is open: it is open after the
 * restart, and closed for good once an operator has reset it.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BreakerView } from "../../src/model/breaker-rpc";
import { poll } from "./poll";
import { Service } from "./service";

const TYPE = "careless";
const THRESHOLD = 3;

let service: Service;
let opened: BreakerView;

async function breaker(): Promise<BreakerView | undefined> {
	const { body } = await service.get<{ breakers: BreakerView[] }>(`/types/${TYPE}/breakers`);
	return body.breakers[0];
}

/** What comes of an instance; its service is up or down. */
async function resultOf(id: string, isDown: boolean): Promise<unknown> {
	await service.create(TYPE, id, { isDown });
	return (await service.until(id, ({ status }) => status === "completed")).result;
}

beforeAll(async () => {
	service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });
	for (let n = 0; n < THRESHOLD; n++) expect(await resultOf(`down-${n}`, true)).toBe("failed");
	opened = await poll(
		() => "the breaker to open",
		async () => {
			const view = await breaker();
			return view?.state === "open" ? view : undefined;
		},
	);
	await service.kill9();
	await service.restart();
});

afterAll(() => service?.stop());

it("it is open after the kill, as it was, and the service is not called", async () => {
	expect(opened).toMatchObject({ name: "call", failures: THRESHOLD });
	expect(await breaker()).toEqual(opened);
	expect(await resultOf("up-1", false)).toBe("not called");
});

it("a reset closes it, over another kill", async () => {
	const reset = await service.post<BreakerView>(`/types/${TYPE}/breakers/call/reset`);
	expect([reset.status, reset.body.state]).toEqual([200, "closed"]);
	await service.kill9();
	await service.restart();
	expect(await breaker()).toMatchObject({ state: "closed", failures: 0 });
	expect(await resultOf("up-2", false)).toBe("called");
});
