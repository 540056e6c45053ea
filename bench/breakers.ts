/** W15: the circuit breakers of a type by themselves: what they write, and how fast they answer. */
import type { Host } from "./host";
import { type Row, row } from "./report";
import { post } from "./request";
import type { BreakerCounts, BreakerTimes } from "./worker/breakers";

export async function measureBreakers(host: Host, rounds: number): Promise<Row[]> {
	const counts: BreakerCounts = JSON.parse(await post(`${host.url}/count-breakers`, {}));
	const counted = (name: string, value: number) =>
		row("W15", "ours", { name: `rows written ${name}`, unit: "rows" }, [value]);
	const times: BreakerTimes[] = [];
	for (let round = 0; round < rounds; round++) {
		times.push(JSON.parse(await post(`${host.url}/breakers`, { name: `breakers-${round}` })));
	}
	const timed = (name: string, of: (times: BreakerTimes) => number) =>
		row("W15", "ours", { name, unit: "µs" }, times.map(of));
	return [
		counted("for an attempt that succeeds", counts.success),
		counted("for one that is refused", counts.refused),
		counted("for a failure", counts.failure),
		counted("for each of 64 failures at once", counts.failureOf64),
		counted("for a trial and its success", counts.trial),
		timed("admit and report success, alone", ({ alone }) => alone),
		timed("admit and report success, 64 in flight", ({ crowded }) => crowded),
		timed("refusal, 64 in flight", ({ refused }) => refused),
		timed("admit and report failure, 64 in flight", ({ failing }) => failing),
	];
}
