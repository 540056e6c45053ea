/** The HTTP API under test: requests to it, what every refusal has in common, what an object stores. */
import { runInDurableObject } from "cloudflare:test";
import { afterAll, expect } from "vitest";
import * as z from "zod";
import type { RunnerNamespace } from "../../src/client/runner-client";
import { createApp, type ServiceEnv } from "../../src/http/app";
import type { DefinitionFormat } from "../../src/model/definition";
import type { ErrorResponse } from "../../src/model/http";
import { listed, runners, TestInstance } from "../support/instance";
import { catalogueOf, clock } from "../support/lab";
import { expectDocumented } from "./support-document";

export interface Reply {
	status: number;
	headers: Headers;
	text: string;
	/** The JSON of the text; undefined where it is none. */
	body: unknown;
}

/** Real milliseconds for the index to catch up. */
const PATIENCE_MS = 4_000;

const namespace: RunnerNamespace = runners;

/** Names of all objects that requests of this file have reached for. */
const touched = new Set<string>();

// An instance that tells its shard of a status when the file has ended would fail the run.
afterAll(async () => {
	await Promise.all(Array.from(touched, indexed));
});

async function indexed(name: string): Promise<void> {
	const { tables } = await storedIn(name);
	if (!tables.includes("workflow")) return;
	const { id, type, status } = await new TestInstance(name).status();
	for (const startedAt = Date.now(); Date.now() - startedAt < PATIENCE_MS; await clock.turn()) {
		const rows = await listed(type);
		if (rows.some((row) => row.id === id && row.status === status)) return;
	}
}

export class Service {
	/** Names of the objects that requests have reached for. */
	readonly asked: string[] = [];
	readonly #app: ReturnType<typeof createApp>;
	readonly #env: ServiceEnv;

	constructor(
		types: readonly string[],
		settings: Partial<ServiceEnv> = { AUTH: "off" },
		definitions?: DefinitionFormat,
	) {
		this.#app = createApp({
			types: catalogueOf(types),
			...(definitions === undefined ? {} : { definitions }),
		});
		this.#env = {
			WORKFLOW_RUNNER: {
				getByName: (name) => {
					this.asked.push(name);
					touched.add(name);
					return namespace.getByName(name);
				},
			},
			...settings,
		};
	}

	async request(method: string, path: string, init: RequestInit = {}): Promise<Reply> {
		const response = await this.#app.request(path, { method, ...init }, this.#env);
		const text = await response.text();
		const { status, headers } = response;
		const reply = { status, headers, text, body: jsonOf(text) };
		expectDocumented(method, path, reply);
		return reply;
	}

	get(path: string): Promise<Reply> {
		return this.request("GET", path);
	}

	/** `body` as JSON; without one, no body and no content type. */
	post(path: string, body?: unknown): Promise<Reply> {
		if (body === undefined) return this.request("POST", path);
		return this.postText(path, JSON.stringify(body));
	}

	/** `text` as it stands, said to be JSON. */
	postText(path: string, text: BodyInit): Promise<Reply> {
		const headers = { "Content-Type": "application/json" };
		return this.request("POST", path, { headers, body: text });
	}

	/** Creates an instance, with a fresh id unless one is given. */
	async create(type: string, payload: unknown = null, id = freshId()): Promise<TestInstance> {
		const reply = await this.post("/workflows", { type, id, payload });
		expect(reply.body).toStrictEqual({ id, type, status: "running" });
		return new TestInstance(id);
	}

	/** Polls a listing until it is as wanted; fails with what it is instead. */
	async listsUntil(path: string, wanted: unknown): Promise<void> {
		for (const startedAt = Date.now(); ; await clock.turn()) {
			const { body } = await this.get(path);
			const late = Date.now() - startedAt > PATIENCE_MS;
			if (late || JSON.stringify(body) === JSON.stringify(wanted)) {
				expect(body).toStrictEqual(wanted);
				return;
			}
		}
	}
}

let ids = 0;

export function freshId(): string {
	return `http-${++ids}`;
}

const errorBody = z.strictObject({
	error: z.strictObject({
		code: z.string().regex(/^[A-Z][A-Z_]+$/),
		message: z.string().min(10),
		details: z.record(z.string(), z.unknown()).optional(),
		timestamp: z.iso.datetime(),
		requestId: z.string().min(1),
		executionId: z.string().optional(),
	}),
});

/** Asserts that the reply is this refusal, in the shape of all errors; returns the error. */
export function refusal(reply: Reply, status: number, code: string): ErrorResponse["error"] {
	const { error } = errorBody.parse(reply.body);
	expect([reply.status, error.code]).toEqual([status, code]);
	expect(reply.headers.get("Content-Type")).toBe("application/json");
	expect(reply.headers.get("X-Request-Id")).toBe(error.requestId);
	return error;
}

/** The paths of a validation error's issues. */
export function issuePaths(error: ErrorResponse["error"]): string[] {
	const details = z.object({ issues: z.array(z.object({ path: z.string() })) });
	return details.parse(error.details).issues.map(({ path }) => path);
}

/** What `storedIn` finds in an object that nothing was written to. */
export const NOTHING = { tables: [], alarmAt: null };

/** The tables and the alarm of the object of this name. */
export function storedIn(name: string) {
	return runInDurableObject(new TestInstance(name).stub, async (_, { storage }) => {
		const names = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master").toArray();
		return { tables: names.map(({ name }) => name), alarmAt: await storage.getAlarm() };
	});
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
