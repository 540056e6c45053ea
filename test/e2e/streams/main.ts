/**
 * `npm run streams`: 200 followers of 20 instances and 200 of their type, over a kill -9 of the
 * service, and what their streams take of its memory.
 */
import { parseArgs } from "node:util";
import "../../../scripts/end-with-parent.mjs";
import { type CrowdReport, type CrowdSize, runCrowd } from "./crowd";

const OPTIONS = {
	instances: { type: "string", default: "20" },
	followers: { type: "string", default: "10" },
	"type-followers": { type: "string", default: "200" },
} as const;

/** Streams that nothing is told in. */
const BARE = 200;

function parse(): CrowdSize {
	const { values } = parseArgs({ options: OPTIONS });
	const number = (name: keyof typeof OPTIONS) => {
		const text = values[name];
		if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
		throw new Error(`--${name} expects a number from 1 to 999; received "${text}".`);
	};
	return {
		instances: number("instances"),
		followers: number("followers"),
		typeFollowers: number("type-followers"),
		bare: BARE,
	};
}

function print({ instances, followers, typeFollowers }: CrowdSize, report: CrowdReport): void {
	const { faults, told, memory } = report;
	const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
	const each = (bytes: number, streams: number) =>
		`${(bytes / streams / 1024).toFixed(0)} KiB each`;
	const ofInstances = memory.ofInstances - memory.idle;
	const ofType = memory.ofType - memory.ofInstances;
	const streams = instances * followers;
	console.log(
		`${told} events told to ${streams + typeFollowers} followers, ${faults.length} faults`,
	);
	console.log(`workerd with ${instances} parked instances: ${mib(memory.idle)}`);
	console.log(
		`${streams} streams of instances: ${mib(ofInstances)}, ${each(ofInstances, streams)}`,
	);
	console.log(
		`${typeFollowers} streams of the type: ${mib(ofType)}, ${each(ofType, typeFollowers)}`,
	);
	const bare = memory.bare - memory.ofType;
	console.log(`${BARE} streams that only wait: ${mib(bare)}, ${each(bare, BARE)}`);
	console.log(`another workerd, after all: ${mib(memory.ended)}`);
	for (const fault of faults.slice(0, 5)) console.log(`\n${fault}`);
}

let size: CrowdSize;
try {
	size = parse();
} catch (error) {
	const [reason] = String(error instanceof Error ? error.message : error).split("\n", 1);
	console.error(`streams: ${reason} (options: --instances N, --followers N, --type-followers N)`);
	process.exit(2);
}
const report = await runCrowd(size);
print(size, report);
process.exitCode = report.faults.length === 0 ? 0 : 1;
