/**
 * Receivers of events while the service is killed, and while they fail themselves: each event reaches
 * the webhook and the handler, the first time in order, and each time under its id and signed.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WorkflowEvent } from "../../src/library";
import { Follower, type Told } from "../support/follower";
import { randomFrom } from "../support/random";
import { poll } from "./poll";
import { Service } from "./service";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const INSTANCES = Array.from({ length: 12 }, (_, index) => `herald-${index + 1}`);
const STEPS = 12;
const STEP_MS = 60;
const SEED = Math.floor(Math.random() * 2 ** 31);

interface Posted {
	id: string;
	type: string;
	data: { instanceId: string; stepName?: string; message?: string };
}

let service: Service;
let server: Server;
const hooked: Posted[] = [];
const handled: WorkflowEvent[] = [];
const faults: unknown[] = [];
const random = randomFrom(SEED);

/** It takes what comes, fails before it has, or after: then the sender does not know that it has. */
function reaction(): "take" | "fail" | "take and fail" {
	const chance = random();
	return chance < 0.1 ? "fail" : chance < 0.2 ? "take and fail" : "take";
}

beforeAll(async () => {
	server = createServer((request, response) => {
		void (async () => {
			const body = await text(request).catch(() => undefined);
			if (body === undefined) return;
			const does = reaction();
			if (does !== "fail") take(request.url ?? "", body, request.headers);
			if (does === "take and fail") response.destroy();
			else response.writeHead(does === "take" ? 204 : 503).end();
		})();
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	const port = typeof address === "object" ? address?.port : undefined;
	service = await Service.start({
		configs: ["test/e2e/worker/wrangler.jsonc"],
		vars: { HOOK_URL: `http://127.0.0.1:${port}`, HOOK_SECRET: SECRET },
	});
});

afterAll(async () => {
	await service.stop();
	server.closeAllConnections();
	server.close();
});

function take(path: string, body: string, headers: Record<string, unknown>): void {
	try {
		if (path === "/on") {
			handled.push(JSON.parse(body));
			return;
		}
		expect(path).toBe("/hook?token=1");
		const payload = new Verifier(SECRET).verify(body, headers as Record<string, string>);
		hooked.push({ ...(payload as Omit<Posted, "id">), id: String(headers["webhook-id"]) });
	} catch (error) {
		faults.push(error);
	}
}

/** What there was to tell, read when all is over; the status is what it is when it is asked for. */
async function chronicleOf(id: string): Promise<string[]> {
	const { body } = await fetch(`${service.url}/workflows/${id}/stream`);
	if (body === null) throw new Error("an answer without a body");
	return (await new Follower(body).until()).flatMap(({ event, data }: Told) => lineOf(event, data));
}

function lineOf(event: string, data: Partial<Posted["data"]>): string[] {
	// Told when it is so: whether a life ends in between is chance.
	if (event === "workflow.status" || event === "workflow.watchdog.stale") return [];
	return [`${event} ${data.stepName ?? data.message ?? ""}`];
}

it("receivers of 12 instances miss nothing over two kills and their own failures, and hear it in order", async () => {
	await Promise.all(
		INSTANCES.map((id) => service.create("herald", id, { steps: STEPS, ms: STEP_MS })),
	);
	for (let kill = 0; kill < 2; kill++) {
		await sleep(900);
		await service.kill9();
		await service.restart();
	}
	const ended = (events: { data: { instanceId: string } }[]) =>
		INSTANCES.every((id) => events.some(({ data }) => data.instanceId === id));
	await poll(
		() => `all ends (seed ${SEED}): ${hooked.length} posted, ${handled.length} handled`,
		() => {
			const ends = hooked.filter(({ type }) => type === "workflow.completed");
			return (ended(ends) && ended(handled)) || undefined;
		},
	);
	expect(faults, `seed ${SEED}`).toEqual([]);
	for (const id of INSTANCES) {
		const own = hooked.filter(({ data }) => data.instanceId === id);
		const firsts = own.filter(
			({ id: event }, index) => own.findIndex((other) => other.id === event) === index,
		);
		const told = firsts.flatMap(({ type, data }) => lineOf(type, data));
		// A step that died before it had a row began twice, under one name.
		expect([...new Set(told)], `${id} (seed ${SEED})`).toEqual(await chronicleOf(id));
	}
	const repeats = hooked.length - new Set(hooked.map(({ id }) => id)).size;
	expect(repeats, `seed ${SEED}`).toBeGreaterThan(0);
});
