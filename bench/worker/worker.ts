/**
 * The Worker that is measured: all contestants and the driver, in one process.
 *
 * `POST /drive` loads a contestant from inside. For a load over HTTP each contestant has a front:
 * ours the service's own API, the others the least that will do.
 */
import { catalogueOf } from "../../src/engine/catalogue";
import { createApp } from "../../src/http/app";
import { workflowRunner } from "../../src/workflow-runner";
import { countBreakers, timeBreakers } from "./breakers";
import { CloudflareWorkflow, cloudflare } from "./cloudflare";
import type { Contestant, Env } from "./contestant";
import { CountedRunner, countIndex, countInstance } from "./counted";
import { completes, drive, type Load, lastLine } from "./driver";
import { Floor, floor } from "./floor";
import { graphs, graphTypes } from "./graph";
import { GuardBench } from "./guard";
import { machine, machines } from "./machine";
import { BenchWorkflow, fluentWorkflow, GuardedWorkflow, ours } from "./ours";
import type { Work } from "./program";

const registry = {
	bench: BenchWorkflow,
	guarded: GuardedWorkflow,
	fluent: fluentWorkflow,
	...machines,
	...graphTypes,
};

export class WorkflowRunner extends workflowRunner(registry) {}
export { CloudflareWorkflow, CountedRunner, Floor, GuardBench };

const contestants = new Map<string, Contestant>([
	["ours", ours],
	["floor", floor(false)],
	["floor-synced", floor(true)],
	["cloudflare", cloudflare],
	["machine", machine],
	["graph", graphs],
]);

const app = createApp({ types: catalogueOf(registry) });

export default {
	async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
		const { pathname } = new URL(request.url);
		const [, verb = "", name = ""] = pathname.split("/");
		if (verb === "workflows") return app.fetch(request, env, ctx);
		try {
			if (verb === "drive") {
				const load = await request.json<Load>();
				return Response.json(await drive(contestantOf(load.contestant), env, load));
			}
			if (verb === "completed") {
				const work = await request.json<Work>();
				await lastLine(work.id);
				await completes(contestantOf(name), env, work);
				return new Response();
			}
			if (verb === "create") {
				await contestantOf(name).create(env, await request.json<Work>());
				return new Response();
			}
			if (verb === "count") {
				return Response.json(await countInstance(env, await request.json<Work>()));
			}
			if (verb === "count-index") {
				return Response.json(await countIndex(env, await request.json<number>()));
			}
			if (verb === "count-breakers") return Response.json(await countBreakers(env));
			if (verb === "breakers") {
				const { name } = await request.json<{ name: string }>();
				return Response.json(await timeBreakers(env, name));
			}
			if (verb === "guard") {
				const { name, queued } = await request.json<{ name: string; queued: number }>();
				return Response.json(await env.GUARD.getByName(name).measure(queued));
			}
			if (verb === "fill") {
				await contestantOf(name).fill?.(env, await request.json<number>());
				return new Response();
			}
			return new Response("no such route", { status: 404 });
		} catch (error) {
			return new Response(String(error), { status: 500 });
		}
	},
};

function contestantOf(name: string): Contestant {
	const contestant = contestants.get(name);
	if (contestant === undefined) throw new Error(`no contestant "${name}"`);
	return contestant;
}
