/** Runs cases: loads a contestant, and lets the contestants take turns. */
import { setTimeout as wait } from "node:timers/promises";
import type { Host } from "./host";
import { post } from "./request";
import type { Load, Times } from "./worker/driver";
import type { Work } from "./worker/program";
import type { Case, Contestant, Metric } from "./workload";

/** The values of one metric of one contestant, one a round. */
export interface Series {
	metric: Metric;
	/** The metric's name with that of its case. */
	name: string;
	contestant: Contestant;
	values: number[];
}

/** What a contestant does after its last answer (alarms, index) ends before the next one starts. */
const SETTLE_MS = 300;
const WARM_UP = { instances: 30, inFlight: 8, work: { program: "sequence", count: 10 } } as const;

let runs = 0;

export async function measure(host: Host, each: Case, rounds: number): Promise<Series[]> {
	const series = each.contestants.flatMap((contestant) =>
		each.metrics.map((metric): Series => {
			const name = each.name === "" ? metric.name : `${metric.name}, ${each.name}`;
			return { metric, name, contestant, values: [] };
		}),
	);
	for (const contestant of each.contestants) {
		if (each.indexRows !== undefined) await post(`${host.url}/fill/${contestant}`, each.indexRows);
		else await runLoad(host, "worker", contestant, WARM_UP);
	}
	for (let round = 0; round < rounds; round++) {
		for (let turn = 0; turn < each.contestants.length; turn++) {
			// Each round begins with another one, so that none always follows the same.
			const contestant = each.contestants[(turn + round) % each.contestants.length] ?? "ours";
			const times = await runLoad(host, each.via, contestant, each.load);
			for (const one of series) {
				if (one.contestant === contestant) one.values.push(one.metric.of(times));
			}
			await wait(SETTLE_MS);
		}
	}
	return series;
}

export async function runLoad(
	host: Host,
	via: Case["via"],
	contestant: Contestant,
	settings: Case["load"],
): Promise<Times[]> {
	const load = { ...settings, contestant, prefix: `run-${++runs}` };
	if (via === "http") return loadOverHttp(host, load);
	return JSON.parse(await post(`${host.url}/drive`, load)) as Times[];
}

/** As a client does it: creates, and asks for the end. */
async function loadOverHttp(host: Host, load: Load): Promise<Times[]> {
	const { contestant, prefix, instances, inFlight } = load;
	const times: Times[] = [];
	const send = (path: string, body: unknown) => post(`${host.url}/${path}`, body);
	let next = 0;
	const lane = async () => {
		while (next < instances) {
			const work: Work = { ...load.work, id: `${prefix}-${next++}` };
			const begin = performance.now();
			if (contestant === "ours") {
				await send("workflows", { type: "bench", id: work.id, payload: work });
			} else {
				await send(`create/${contestant}`, work);
			}
			await send(`completed/${contestant}`, work);
			times.push({ begin, completed: performance.now() });
		}
	};
	await Promise.all(Array.from({ length: inFlight }, lane));
	return times;
}
