// `npm run simulate -- --seeds N --from S`: runs seeds, says what they covered; a failure prints
// its seed and the shrunk case, ready for `regressions.ts`. Everything is in memory.
import { parseArgs } from "node:util";
import { type Counts, runSeed, storyOf } from "./simulate";

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

async function main({ seeds, from }: { seeds: number; from: number }): Promise<number> {
	const counts: Counts = new Map();
	const startedAt = performance.now();
	let saidAt = startedAt;
	for (let done = 0; done < seeds; done++) {
		const failure = await runSeed(from + done, counts);
		if (failure !== undefined) {
			const { seed, message, shrunk } = failure;
			const story = (await storyOf(shrunk)).join("\n");
			console.log(`seed ${seed} failed: ${message}\n\n${story}\n\n${JSON.stringify(shrunk)}`);
			return 1;
		}
		if (performance.now() - saidAt < 2_000) continue;
		saidAt = performance.now();
		console.error(`${done + 1} of ${seeds} seeds`);
	}
	const tookS = (performance.now() - startedAt) / 1_000;
	const lines = [...counts].sort().map(([what, count]) => `  ${what}: ${count}`);
	console.log(
		`${seeds} seeds from ${from} in ${tookS.toFixed(1)} s, 0 failures\n${lines.join("\n")}`,
	);
	return 0;
}

let wanted: ReturnType<typeof parse>;
try {
	wanted = parse();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(2);
}
process.exitCode = await main(wanted);
