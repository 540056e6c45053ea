/** W7: what an instance writes and how large it is, and what finished instances keep in memory; W19. */
import type { Host } from "./host";
import { runLoad } from "./measure";
import { type Row, row } from "./report";
import { post } from "./request";
import type { IndexCounts, InstanceCounts } from "./worker/counted";
import type { Work } from "./worker/program";
import type { Contestant } from "./workload";

const FEW = 10;
const MANY = 110;
/** Long enough that the index hears of each sleep and of each wake-up. */
const NAP_MS = 200;
const INDEXED = 20_000;

export async function countWrites(host: Host): Promise<Row[]> {
	const count = async (work: Work): Promise<InstanceCounts> =>
		JSON.parse(await post(`${host.url}/count`, work));
	const steps = (id: string, count: number): Work => ({ id, program: "sequence", count });
	const naps = (id: string, count: number): Work => ({ id, program: "ticks", count, size: NAP_MS });
	// The first instance of a type makes the shard's tables, which is not its own doing.
	await count(steps("first", 1));
	const few = await count(steps("few", FEW));
	const many = await count(steps("many", MANY));
	const once = await count(naps("once", 1));
	const often = await count(naps("often", 1 + FEW));
	const perStep = (many.rows - few.rows) / (MANY - FEW);
	return counted([
		["rows written per step", "rows", perStep],
		["rows written beside the steps", "rows", few.rows - perStep * FEW],
		["of these: alarm settings", "rows", few.alarms],
		["rows written in the index", "rows", few.indexRows],
		["rows written per sleep", "rows", (often.rows - once.rows) / FEW],
		["rows written in the index per sleep", "rows", (often.indexRows - once.indexRows) / FEW],
		["rows written to forget it", "rows", few.removalRows],
		["database of an instance of 10 steps", "bytes", few.sizeBytes],
	]);
}

/** W7: what a shard writes and holds for each instance when many change at a time. */
export async function countIndexWrites(host: Host): Promise<Row[]> {
	const counts: IndexCounts = JSON.parse(await post(`${host.url}/count-index`, INDEXED));
	return counted([
		["busy index: rows written for a new instance", "rows", counts.rowsCreated],
		["busy index: rows written for a change of status", "rows", counts.rowsChanged],
		["busy index: rows written for an attribute", "rows", counts.rowsAttribute],
		["busy index: bytes of an instance", "bytes", counts.bytes],
		["busy index: bytes of an attribute", "bytes", counts.bytesAttribute],
	]);
}

function counted(counts: readonly [name: string, unit: string, value: number][]): Row[] {
	return counts.map(([name, unit, value]) => row("W7", "ours", { name, unit }, [value]));
}

/** Of which instances of ten steps, and how many of them. */
interface Finished {
	workload: string;
	contestants: readonly Contestant[];
	instances: number;
	what: string;
}

/** W7: each is an object with a database of its own. */
const FINISHED: Finished = {
	workload: "W7",
	contestants: ["ours", "floor", "cloudflare"],
	instances: 1_000,
	what: "instances",
};

/** W19: seed 003 asks for a hundred runs. */
const GRAPHS: Finished = {
	workload: "W19",
	contestants: ["ours", "graph"],
	instances: 100,
	what: "runs",
};

export const measureMemory = (start: () => Promise<Host>) => memoryOf(start, FINISHED);
export const measureGraphMemory = (start: () => Promise<Host>) => memoryOf(start, GRAPHS);

/** Each contestant in a process of its own, as memory is not given back to the next. */
async function memoryOf(
	start: () => Promise<Host>,
	{ workload, contestants, instances, what }: Finished,
): Promise<Row[]> {
	const rows: Row[] = [];
	for (const contestant of contestants) {
		const host = await start();
		try {
			const work = { program: "sequence", count: 10 } as const;
			await runLoad(host, "worker", contestant, { instances: 50, inFlight: 8, work });
			const before = host.memoryBytes();
			await runLoad(host, "worker", contestant, { instances, inFlight: 8, work });
			const name = `memory of ${instances} finished ${what}`;
			const mib = (host.memoryBytes() - before) / 2 ** 20;
			rows.push(row(workload, contestant, { name, unit: "MiB" }, [mib]));
		} finally {
			await host.stop();
		}
	}
	return rows;
}
