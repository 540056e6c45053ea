/**
 * `npm run bench`: measures this engine beside a floor without an engine and Cloudflare Workflows,
 * all in one process on this machine. What the numbers mean is in bench/README.md.
 */
import { parseArgs } from "node:util";
import "../scripts/end-with-parent.mjs";
import { measureBreakers } from "./breakers";
import { countIndexWrites, countWrites, measureGraphMemory, measureMemory } from "./counts";
import { measureGuard } from "./guard";
import { Bundle, type Host, type HostName, type HostOptions } from "./host";
import { measure } from "./measure";
import { environment, print, type Report, ratios, row } from "./report";
import type { Workload } from "./workload";
import { WORKLOADS } from "./workloads";

const USAGE = `Options: --only ${WORKLOADS.map(({ id }) => id).join(",")}, --rounds N, --json, --host miniflare|wrangler, --no-tracing, --inspector PORT.`;

interface Options {
	workloads: readonly Workload[];
	rounds: number;
	json: boolean;
	host: HostName;
	hosting: HostOptions;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
	let options: Options;
	try {
		options = parseOptions(args);
	} catch (error) {
		const [reason] = (error as Error).message.split("\n");
		console.error(`bench: ${reason} ${USAGE}`);
		return 2;
	}
	try {
		const report = await run(options);
		if (options.json) console.log(JSON.stringify(report, null, "\t"));
		else print(report, options.workloads);
		for (const failure of report.failures) console.error(`bench: ${failure}`);
		return report.failures.length === 0 ? 0 : 1;
	} catch (error) {
		console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
		return 1;
	}
}

function parseOptions(args: string[]): Options {
	const { values } = parseArgs({
		args,
		options: {
			only: { type: "string" },
			rounds: { type: "string", default: "5" },
			json: { type: "boolean", default: false },
			host: { type: "string", default: "miniflare" },
			"no-tracing": { type: "boolean", default: false },
			inspector: { type: "string", default: "0" },
		},
	});
	if (!/^[1-9]\d{0,2}$/.test(values.rounds)) {
		throw new Error(`--rounds expects a number from 1 to 999; received "${values.rounds}".`);
	}
	if (values.host !== "miniflare" && values.host !== "wrangler") {
		throw new Error(`--host expects miniflare or wrangler; received "${values.host}".`);
	}
	if (!/^\d{1,5}$/.test(values.inspector) || Number(values.inspector) > 65_535) {
		throw new Error(`--inspector expects a port; received "${values.inspector}".`);
	}
	const wanted = values.only?.split(",") ?? WORKLOADS.map(({ id }) => id);
	const unknown = wanted.find((id) => WORKLOADS.every((workload) => workload.id !== id));
	if (unknown !== undefined) throw new Error(`--only knows no workload "${unknown}".`);
	return {
		workloads: WORKLOADS.filter(({ id }) => wanted.includes(id)),
		rounds: Number(values.rounds),
		json: values.json,
		host: values.host,
		hosting: {
			tracing: values.host === "wrangler" && !values["no-tracing"],
			inspectorPort: Number(values.inspector),
		},
	};
}

async function run({ workloads, rounds, host: name, hosting }: Options): Promise<Report> {
	const report: Report = {
		...environment(name, hosting.tracing),
		rows: [],
		ratios: [],
		failures: [],
	};
	const bundle = await Bundle.build();
	// A process for each case: what one leaves in memory is not the next one's, and thousands of
	// instances are more than it can hold.
	const start = () => bundle.start(name, hosting);
	try {
		for (const workload of workloads) {
			console.error(`${workload.id}: ${workload.title} …`);
			try {
				await runWorkload(workload, { start, rounds, report });
			} catch (error) {
				// What an hour has measured is not lost with one workload.
				report.failures.push(`${workload.id} failed: ${(error as Error).message}`);
			}
		}
	} finally {
		bundle.remove();
	}
	return report;
}

interface Course {
	start: () => Promise<Host>;
	rounds: number;
	report: Report;
}

async function runWorkload(workload: Workload, { start, rounds, report }: Course): Promise<void> {
	for (const each of workload.cases) {
		const series = await onHost(start, (host) => measure(host, each, rounds));
		for (const { name, metric, contestant, values } of series) {
			report.rows.push(row(workload.id, contestant, { name, unit: metric.unit }, values));
		}
	}
	if (workload.isCounted) {
		report.rows.push(
			...(await onHost(start, countWrites)),
			...(await onHost(start, countIndexWrites)),
			...(await measureMemory(start)),
		);
	}
	if (workload.isOfGuard) {
		report.rows.push(...(await onHost(start, (host) => measureGuard(host, rounds))));
	}
	if (workload.isOfBreakers) {
		report.rows.push(...(await onHost(start, (host) => measureBreakers(host, rounds))));
	}
	if (workload.isOfGraphs) report.rows.push(...(await measureGraphMemory(start)));
	report.ratios.push(...ratios(workload, report.rows));
}

async function onHost<T>(start: () => Promise<Host>, work: (host: Host) => Promise<T>): Promise<T> {
	const host = await start();
	try {
		return await work(host);
	} finally {
		await host.stop();
	}
}
