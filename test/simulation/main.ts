// `npm run simulate -- --seeds N --from S`: runs seeds, says what they covered; a failure prints
// its seed and the shrunk case, ready for `regressions.ts`. Everything is in memory.
import { parseArgs } from "node:util";
import "../../scripts/end-with-parent.mjs";
import { runSeeds } from "./simulate";

const SEEDS_MAX = 2 ** 31;

function parse(): { seeds: number; from: number } {
	const { values } = parseArgs({
		options: {
			seeds: { type: "string", default: "2000" },
			from: { type: "string", default: "1" },
		},
	});
	const seeds = whole("--seeds", values.seeds, 1);
	return { seeds, from: whole("--from", values.from, 0) };
}

function whole(option: string, text: string, least: number): number {
	const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
	if (number >= least && number <= SEEDS_MAX) return number;
	throw new Error(
		`${option} expects a whole number from ${least} to ${SEEDS_MAX}; received "${text}".`,
	);
}

async function main(wanted: { seeds: number; from: number }): Promise<number> {
	const { seeds, from } = wanted;
	const startedAt = performance.now();
	let saidAt = startedAt;
	const { counts, failure } = await runSeeds(wanted, (done) => {
		if (performance.now() - saidAt < 5_000) return;
		saidAt = performance.now();
		console.error(`${done} of ${seeds} seeds`);
	});
	if (failure !== undefined) {
		const { seed, message, story, text } = failure;
		console.log([`seed ${seed} failed: ${message}`, story.join("\n"), text].join("\n\n"));
		return 1;
	}
	const tookS = (performance.now() - startedAt) / 1_000;
	const lines = [...counts].sort().map(([what, count]) => `  ${what}: ${count}`);
	lines.unshift(`${seeds} seeds from ${from} in ${tookS.toFixed(1)} s, 0 failures`);
	console.log(lines.join("\n"));
	return 0;
}

let wanted: ReturnType<typeof parse>;
try {
	wanted = parse();
} catch (error) {
	const [reason] = String(error instanceof Error ? error.message : error).split("\n", 1);
	console.error(`simulate: ${reason} (options: --seeds N, --from S)`);
	process.exit(2);
}
process.exitCode = await main(wanted);
