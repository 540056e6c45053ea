/**
 * How long a graph definition takes to parse: `node --import tsx bench/parse.ts`. In this process,
 * beside `JSON.parse` of the same text, which knows neither places nor faults.
 */
import { parseGraph } from "../src/authoring/graph/parse";
import { nodes } from "../test/authoring/graph/parse/nodes";
import { spread } from "./statistics";

const ROUNDS = 60;
const WARM_UP = 30;

/** Of `count` places: 100 times an approval before a request, with routes, jumps and a loop. */
function definition(count: number): string {
	const workflow = Array.from({ length: count / 10 }, (_, index) => [
		{ set: { $name: `begin-${index}`, total: "{{ $sum(input.items.price) }}" } },
		{
			condition: {
				if: "total > 100",
				"true?": [
					{ "wait-event": { event: `approval-${index}`, timeout: "7d", "timeout?": { fail: {} } } },
					`pay-${index}`,
				],
				"false?": `pay-${index}`,
			},
		},
		{
			http: {
				$name: `pay-${index}`,
				$retry: { limit: 5, delay: "1s" },
				url: "https://pay.example/charges",
				method: "POST",
				body: { amount: "{{ total }}", customer: "{{ input.customer.id }}" },
				"error?": [{ log: { message: "no charge: {{ error.message }}", level: "error" } }],
			},
		},
		{
			loop: {
				over: "{{ input.items }}",
				"loop?": [{ log: "{{ item.name }}" }, { delay: "1s" }, { set: { seen: "{{ item.id }}" } }],
			},
		},
	]).flat();
	return JSON.stringify({ id: "bench", name: "Bench", version: "1.0.0", workflow }, null, 1);
}

function measured(run: () => unknown): number[] {
	for (let round = 0; round < WARM_UP; round++) run();
	return Array.from({ length: ROUNDS }, () => {
		const begin = performance.now();
		run();
		return performance.now() - begin;
	});
}

for (const count of [10, 100, 1_000]) {
	const text = definition(count);
	const parsed = parseGraph(text, nodes);
	if ("faults" in parsed || parsed.definition.places.size !== count)
		throw new Error("not as meant");
	const ours = measured(() => parseGraph(text, nodes));
	const plain = measured(() => JSON.parse(text));
	console.log(
		`${count} nodes, ${text.length} characters: ${shown(ours)} ms; JSON.parse ${shown(plain)} ms`,
	);
}

function shown(times: readonly number[]): string {
	const { median, min, max } = spread(times);
	return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
