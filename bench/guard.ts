/** W13: the guard of a type by itself, with few and with many that wait. */
import type { Host } from "./host";
import { type Row, row } from "./report";
import { post } from "./request";
import type { GuardTimes } from "./worker/guard";

const QUEUES = [100, 100_000];

export async function measureGuard(host: Host, rounds: number): Promise<Row[]> {
	const rows: Row[] = [];
	for (const queued of QUEUES) {
		const times: GuardTimes[] = [];
		for (let round = 0; round < rounds; round++) {
			const name = `guard-${queued}-${round}`;
			times.push(JSON.parse(await post(`${host.url}/guard`, { name, queued })));
		}
		const waiting = `${queued.toLocaleString("en")} waiting`;
		const add = (name: string, unit: string, of: (times: GuardTimes) => number) =>
			rows.push(row("W13", "ours", { name: `${name}, ${waiting}`, unit }, times.map(of)));
		add("grants", "grants/s", ({ grants, committed }) => (1_000 * grants) / committed);
		add("grant without its commit", "µs", ({ grants, together }) => (1_000 * together) / grants);
		add("reading the queue", "ms", ({ reading }) => reading);
	}
	return rows;
}
