// `npm run bench`: starts one `wrangler dev` with bench/worker.ts, lets the contestants take turns,
// and prints medians with their spread. What the numbers mean is in bench/README.md.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");
const WRANGLER = join(BIN, "wrangler");
const CONFIG = ["--config", join(ROOT, "bench", "wrangler.jsonc")];
const ENV = {
	...process.env,
	PATH: `${BIN}${delimiter}${process.env.PATH}`,
	WRANGLER_SEND_METRICS: "false",
};
const CONTESTANTS = ["ours", "floor", "floor-synced", "cloudflare"];
/** `target`: how many times as fast as Cloudflare Workflows ours is to be. */
const BENCHES = [
	{
		name: "B1",
		title: "1,000 steps one after the other (mean of 3 instances in turn)",
		load: { instances: 3, steps: 1000, inFlight: 1 },
		target: 15,
	},
	{
		name: "B2",
		title: "100 instances of 10 steps, 8 in flight",
		load: { instances: 100, steps: 10, inFlight: 8 },
		target: 4,
	},
];
const WARM_UPS = 1;
/** What a contestant does after its last answer (alarms, index) ends before the next one starts. */
const SETTLE_MS = 300;
const START_MS = 60_000;
const STOP_MS = 3_000;

const options = parseOptions();
// Wrangler's local trace collector costs each SQL statement some 65 µs, more than the statement.
if (!options.tracing) ENV.X_LOCAL_OBSERVABILITY = "false";
const tempDir = mkdtempSync(join(tmpdir(), "durable-workflows-bench-"));
process.on("exit", cleanUp);
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
	process.once(signal, () => process.exit(code));
}
let wranglerPid;
let wrangler;
try {
	wrangler = startWrangler(bundle());
	const report = await measure(await wrangler.url);
	if (options.json) console.log(JSON.stringify(report, null, "\t"));
	else print(report);
} catch (error) {
	console.error(`bench: ${error.message}\n${wrangler?.log() ?? ""}`);
	process.exitCode = 1;
} finally {
	await stop();
}

function parseOptions() {
	try {
		if (Number.parseInt(process.versions.node, 10) < 22) {
			throw new Error("Node 22 or newer is needed: use `npm run bench`.");
		}
		const { values } = parseArgs({
			options: {
				rounds: { type: "string", default: "5" },
				json: { type: "boolean" },
				"no-tracing": { type: "boolean" },
			},
		});
		if (!/^[1-9]\d{0,2}$/.test(values.rounds)) {
			throw new Error(`--rounds expects a number from 1 to 999; received "${values.rounds}".`);
		}
		const tracing = values["no-tracing"] !== true;
		return { rounds: Number(values.rounds), json: values.json === true, tracing };
	} catch (error) {
		console.error(
			`bench: ${error.message.split("\n")[0]} Options: --rounds N, --json, --no-tracing.`,
		);
		process.exit(2);
	}
}

// ── The process ───────────────────────────────────────────────────────────────

/** Built once: `wrangler dev` would reload, in the middle of a round, when a source is edited. */
function bundle() {
	const outDir = join(tempDir, "bundle");
	const args = ["deploy", "--dry-run", ...CONFIG, "--outdir", outDir];
	const { status, stdout, stderr } = spawnSync(WRANGLER, args, { env: ENV, encoding: "utf8" });
	if (status !== 0) throw new Error(`the bench Worker does not build\n${stdout}${stderr}`);
	return join(outDir, "worker.js");
}

function startWrangler(script) {
	const ports = ["--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"];
	const state = ["--persist-to", join(tempDir, "state")];
	const child = spawn(WRANGLER, ["dev", script, "--no-bundle", ...CONFIG, ...ports, ...state], {
		// A group of its own: workerd is a grandchild.
		detached: true,
		stdio: ["ignore", "pipe", "pipe"],
		env: ENV,
	});
	wranglerPid = child.pid;
	const { promise: url, resolve, reject } = Promise.withResolvers();
	const { promise: ended, resolve: end } = Promise.withResolvers();
	let log = "";
	const read = (chunk) => {
		log = (log + chunk).slice(-4_000);
		const ready = /Ready on (http:\/\/\S+)/.exec(log);
		if (ready !== null) resolve(ready[1]);
	};
	child.stdout.on("data", read);
	child.stderr.on("data", read);
	child.on("error", reject);
	child.on("exit", (code) => {
		reject(new Error(`wrangler dev ended with code ${code}`));
		end();
	});
	const timer = setTimeout(() => reject(new Error("wrangler dev did not start")), START_MS);
	url.catch(() => {}).finally(() => clearTimeout(timer));
	return { url, ended, log: () => log };
}

/** Lets wrangler remove what it has outside of the temp folder; `cleanUp` does the rest. */
async function stop() {
	signalGroup("SIGTERM");
	if (wrangler !== undefined) await Promise.race([wrangler.ended, wait(STOP_MS)]);
}

function signalGroup(name) {
	try {
		if (wranglerPid !== undefined) process.kill(-wranglerPid, name);
	} catch {
		// The group is gone.
	}
}

/** On every way out. */
function cleanUp() {
	signalGroup("SIGKILL");
	rmSync(tempDir, { recursive: true, force: true, maxRetries: 5 });
}

// ── The measurement ───────────────────────────────────────────────────────────

async function measure(url) {
	const loadBefore = loadavg()[0];
	const samples = BENCHES.map(() => Object.fromEntries(CONTESTANTS.map((name) => [name, []])));
	for (let round = -WARM_UPS; round < options.rounds; round++) {
		for (const [index, bench] of BENCHES.entries()) {
			for (let turn = 0; turn < CONTESTANTS.length; turn++) {
				// Each round begins with another one, so that none always follows the same.
				const contestant = CONTESTANTS[(turn + WARM_UPS + round) % CONTESTANTS.length];
				const prefix = `${bench.name}-${contestant}-${WARM_UPS + round}`;
				const sample = await runLoad(url, { ...bench.load, contestant, prefix });
				if (round >= 0) samples[index][contestant].push(sample);
				await wait(SETTLE_MS);
			}
		}
	}
	const benches = BENCHES.map((bench, index) => summary(bench, samples[index]));
	return { ...environment(), load: [loadBefore, loadavg()[0]], rounds: options.rounds, benches };
}

async function runLoad(url, load) {
	const response = await fetch(url, { method: "POST", body: JSON.stringify(load) });
	if (!response.ok) throw new Error(`${load.contestant}: ${await response.text()}`);
	const { totalMs, ranMs } = await response.json();
	// Of one instance: its share of the whole, and from its create call to its program's last line.
	return { ms: totalMs / load.instances, ranMs: ranMs / load.instances };
}

function summary({ name, title, load, target }, samples) {
	const contestants = Object.fromEntries(
		Object.entries(samples).map(([contestant, values]) => [
			contestant,
			{ ms: spread(values.map(({ ms }) => ms)), ranMs: spread(values.map(({ ranMs }) => ranMs)) },
		]),
	);
	const speedUp = Object.fromEntries(
		CONTESTANTS.slice(1).map((other) => [
			other,
			contestants[other].ms.median / contestants.ours.ms.median,
		]),
	);
	return { name, title, load, target, contestants, speedUp };
}

function spread(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	const median =
		sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
	return { median, min: sorted[0], max: sorted.at(-1), values };
}

function environment() {
	const version = (name) =>
		JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")).version;
	const tracing = options.tracing ? "on" : "off";
	return {
		machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
		versions: `Node ${process.versions.node}, wrangler ${version("wrangler")}, workerd ${version("workerd")}; wrangler's tracing ${tracing}`,
	};
}

// ── The table ─────────────────────────────────────────────────────────────────

function print({ machine, versions, load, rounds, benches }) {
	console.log(`${machine}; ${versions}; load ${load.map((value) => value.toFixed(1)).join(" → ")}`);
	for (const { name, title, target, contestants, speedUp } of benches) {
		console.log(`\n${name}: ${title}; ${rounds} rounds, median (min–max)\n`);
		printRow("", "ms per instance", "instances/s", "create to last line, ms");
		for (const [contestant, { ms, ranMs }] of Object.entries(contestants)) {
			printRow(
				contestant,
				range(ms, (value) => value.toFixed(1)),
				range({ median: 1000 / ms.median, min: 1000 / ms.max, max: 1000 / ms.min }, (value) =>
					value.toFixed(value < 10 ? 1 : 0),
				),
				range(ranMs, (value) => value.toFixed(1)),
			);
		}
		const verdict = speedUp.cloudflare >= target ? "met" : "MISSED";
		console.log(
			`\nours : cloudflare = ${times(speedUp.cloudflare)} (target ${target}×: ${verdict})`,
		);
		console.log(`ours : floor = ${times(speedUp.floor)}`);
		console.log(`ours : floor-synced = ${times(speedUp["floor-synced"])}`);
	}
}

function range({ median, min, max }, format) {
	return `${format(median)} (${format(min)}–${format(max)})`;
}

function times(ratio) {
	return `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`;
}

function printRow(name, ...cells) {
	console.log(`${name.padEnd(14)}${cells.map((cell) => cell.padStart(24)).join("")}`);
}
