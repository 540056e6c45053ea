/**
 * What runs of a graph leave in the JavaScript heap: seed 003's test, which reads `heapUsed` around a
 * hundred of them. `node --expose-gc --import tsx bench/graph-heap.ts`. In this process, over the
 * engine in memory of the tests: W19 has the real one, whose objects and databases the process keeps.
 */
import { parseGraph } from "../src/authoring/graph/parse";
import { NodeRegistry } from "../src/authoring/graph/registry";
import { FakeEngine } from "../test/authoring/graph/fake-engine";
import { randomFrom } from "../test/support/random";
import { spread } from "./statistics";

const RUNS = 100;
const ROUNDS = 10;
const ORDERS = 20;

const nodes = new NodeRegistry();
const parsed = parseGraph(
	{
		id: "bench",
		name: "Bench",
		version: "1.0.0",
		workflow: [
			{ loop: { over: "input.orders", as: "order", "loop?": [{ log: "{{ order.id }}" }] } },
			{ transform: { expression: "$sum(input.orders.price)", into: "total" } },
			{ condition: { if: "total > 100", "true?": "much" } },
			{ "set-state": { $name: "much", values: { status: "much" } } },
		],
	},
	nodes,
);
if ("faults" in parsed) throw new Error(JSON.stringify(parsed.faults));
const { definition } = parsed;

async function run(seed: number): Promise<void> {
	const engine = new FakeEngine(definition, nodes, { random: randomFrom(seed) });
	const orders = Array.from({ length: ORDERS }, (_, id) => ({ id: `${id}`, price: seed + id }));
	const end = await engine.run({ orders }, { crash: () => false, seen: () => {} });
	if (!end?.ok) throw new Error("it did not end well");
}

function heapBytes(): number {
	if (globalThis.gc === undefined) throw new Error("run it with --expose-gc");
	globalThis.gc();
	return process.memoryUsage().heapUsed;
}

for (let seed = 0; seed < RUNS; seed++) await run(seed);
const grown: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
	const before = heapBytes();
	for (let seed = 0; seed < RUNS; seed++) await run(seed);
	grown.push((heapBytes() - before) / 2 ** 20);
}
const { median, min, max } = spread(grown);
console.log(
	`${RUNS} runs of ${definition.places.size} places, ${ORDERS} turns: the heap grows by ${median.toFixed(2)} MiB (${min.toFixed(2)}–${max.toFixed(2)})`,
);
