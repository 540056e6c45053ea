/**
 * `npm run chaos`: a long run with its counts as a table, or as JSON. It ends with 0 when all is as
 * it must be, 1 when something is not, and 2 when it is asked for something that it cannot do.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import "../../../scripts/end-with-parent.mjs";
import { type ChaosReport, type ChaosSettings, runChaos } from "./run";

interface Options extends Omit<ChaosSettings, "progress"> {
	asJson: boolean;
}

const options = await readOptions().catch((error: Error) => {
	const known = "--instances N, --kills N, --seed N, --port N, --json";
	console.error(`chaos: ${error.message.split("\n")[0]} (options: ${known})`);
	process.exit(2);
});

try {
	console.error(`chaos: seed ${options.seed}`);
	const report = await runChaos({ ...options, progress: (line) => console.error(line) });
	for (const violation of report.violations) console.error(`VIOLATION: ${violation}`);
	console.log(options.asJson ? JSON.stringify(report, null, "\t") : tableOf(report));
	process.exitCode = report.violations.length === 0 ? 0 : 1;
} catch (error) {
	console.error("chaos:", error);
	process.exitCode = 1;
}

async function readOptions(): Promise<Options> {
	const text = { type: "string" } as const;
	const { values } = parseArgs({
		options: { instances: text, kills: text, seed: text, port: text, json: { type: "boolean" } },
	});
	const number = (name: "instances" | "kills" | "seed" | "port", from: number, to: number) => {
		const value = values[name];
		if (value === undefined) return undefined;
		if (/^\d{1,10}$/.test(value) && Number(value) >= from && Number(value) <= to) {
			return Number(value);
		}
		throw new Error(`--${name} expects a number from ${from} to ${to}; received "${value}".`);
	};
	const seed = number("seed", 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 1_000_000);
	const port = number("port", 1, 65_535);
	if (port !== undefined) await requireFree(port);
	return {
		instances: number("instances", 1, 1_000) ?? 100,
		kills: number("kills", 0, 1_000) ?? 20,
		seed,
		port,
		asJson: values.json === true,
	};
}

async function requireFree(port: number): Promise<void> {
	const server = createServer().listen(port, "127.0.0.1");
	try {
		await once(server, "listening");
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new Error(`--port ${port} cannot be used (${code}).`);
	}
	server.close();
	await once(server, "close");
}

function tableOf(report: ChaosReport): string {
	const { events } = report;
	const rows: [string, number][] = [
		["instances", report.instances],
		["completed", report.completed],
		["forgotten, as their type has it", report.forgotten],
		["lost", report.lost],
		["stuck", report.stuck],
		["kills", report.kills],
		["wrangler ended by itself", report.selfEnded],
		["effects", report.effects],
		["calls that made them", report.calls],
		["attempts repeated (kill between effect and row)", report.repeatedAttempts],
		["effects repeated with their row present", report.repeatedDespiteRow],
		["events sent", events.sent],
		["events accepted", events.accepted],
		["events consumed", events.consumed],
		["events consumed twice", events.twice],
		["events lost", events.lost],
		["bulk jobs", report.jobs],
		["instances paused by them", report.paused],
		["instances restarted by them", report.restarted],
		["listing differences", report.listingDifferences],
		["violations in all", report.violations.length],
		["seconds", report.seconds],
	];
	return rows.map(([what, count]) => `${what.padEnd(48)}${String(count).padStart(6)}`).join("\n");
}
