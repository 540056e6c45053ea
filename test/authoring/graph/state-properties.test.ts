/** The state is the same to the run, to each replay of it, and to whoever reads its journal. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GraphDefinition, Json, JsonObject } from "../../../src/authoring/graph/definition";
import { executionPath, inspection, metricsOf } from "../../../src/authoring/graph/execution";
import { stateAfter } from "../../../src/authoring/graph/fold";
import { parseGraph } from "../../../src/authoring/graph/parse";
import type { State } from "../../../src/authoring/graph/state";
import { randomFrom } from "../../support/random";
import { nodesWith } from "./deploy";
import { type End, FakeEngine } from "./fake-engine";

const KEYS = ["a", "b", "c"];

let puts = 0;
const nodes = nodesWith({
	put: ({ state, attempt }, { key, gone }) => {
		if (attempt < 2 && key === "b") throw new Error("the first time");
		state[`${key}`] = { n: ++puts };
		state.list?.push(puts);
		if (gone !== undefined) delete state[`${gone}`];
		return { success: () => (puts % 3 === 0 ? undefined : puts) };
	},
	break: () => {
		throw new Error("broken");
	},
});

const key = fc.constantFrom(...KEYS);
const { list } = fc.letrec<{ list: JsonObject[]; place: JsonObject }>((tie) => {
	const list = tie("list") as fc.Arbitrary<JsonObject[]>;
	const maybe = <T>(value: fc.Arbitrary<T>, name: string) =>
		fc
			.option(value, { nil: undefined })
			.map((some) => (some === undefined ? {} : { [name]: some }));
	const error = maybe(list, "error?");
	const rollback = maybe(fc.constantFrom<Json>(true, "s"), "$rollback");
	const of = (node: string, ...parts: fc.Arbitrary<object>[]) =>
		fc.tuple(...parts).map((all) => ({ [node]: Object.assign({}, ...all) }) as JsonObject);
	const leaf = fc.oneof(
		of(
			"put",
			key.map((key) => ({ key })),
			maybe(key, "gone"),
			error,
		),
		of(
			"set-state",
			key.map((key) => ({ values: { [key]: `{{ [${key}, "x"] }}` } })),
		),
		of("break", error, rollback),
		of("delay", fc.constant({ duration: 5 })),
		of(
			"wait-event",
			fc.constant({ event: "e" }),
			maybe(fc.constant(5), "timeout"),
			maybe(list, "timeout?"),
			error,
		),
		of("snapshot", fc.constant({ name: "s" })),
		of("rollback", fc.constant({ to: "s" }), error),
	);
	return {
		list: fc.array(tie("place") as fc.Arbitrary<JsonObject>, { minLength: 1, maxLength: 3 }),
		place: fc.oneof(
			{ maxDepth: 4, withCrossShrink: true },
			{ weight: 5, arbitrary: leaf },
			{
				weight: 1,
				arbitrary: of(
					"condition",
					key.map((key) => ({ if: `$exists(${key})` })),
					maybe(list, "true?"),
				),
			},
			{
				weight: 2,
				arbitrary: of(
					"loop",
					fc.constantFrom({ times: 2 }, { over: "list", as: "item" }),
					list.map((route) => ({ "loop?": route })),
					error,
					rollback,
				),
			},
			{
				weight: 3,
				arbitrary: of(
					"parallel",
					fc.constantFrom({}, { onError: "wait-all" }),
					fc.tuple(list, list).map(([x, y]) => ({ "x?": x, "y?": y })),
					maybe(list, "z?"),
					error,
					rollback,
				),
			},
		),
	};
});

/** Of what the parser takes: some lists go on behind a place that is always left by a route. */
const definition: fc.Arbitrary<GraphDefinition> = list
	.map((workflow) => {
		const initialState = { list: [0], a: 1 };
		const settings = { maxExecutions: 60, maxIterations: 12 };
		return parseGraph(
			{ id: "g", name: "g", version: "1.0.0", initialState, settings, workflow },
			nodes,
		);
	})
	.filter((parsed) => "definition" in parsed)
	.map((parsed) => (parsed as { definition: GraphDefinition }).definition);

async function play(
	definition: GraphDefinition,
	seed: number,
	crashes: number,
): Promise<FakeEngine> {
	const random = randomFrom(seed);
	const engine = new FakeEngine(definition, nodes, { random });
	const check = (state: State) => {
		const read = stateAfter(definition, engine.journal);
		expect(read.values).toEqual(state.values());
		expect(read.version).toBe(state.version);
	};
	let end: End | undefined;
	for (let life = 0; life <= crashes; life++) {
		const isLast = life === crashes;
		end = await engine.run(null, { crash: () => !isLast && random() < 0.2, seen: check });
		if (end !== undefined) break;
	}
	if (end?.ok === true) expect(stateAfter(definition, engine.journal).values).toEqual(end.value);
	if (end?.ok === false) {
		const { error } = inspection(definition)({
			payload: null,
			status: "errored",
			steps: engine.journal,
		});
		expect(error).toMatchObject({ message: (end.error as Error).message });
	}
	return engine;
}

describe("any graph", () => {
	it("has the same state in its run, in its replays and in its journal, at each outcome", async () => {
		await fc.assert(
			fc.asyncProperty(definition, fc.nat(), async (definition, seed) => {
				const { calls, journal } = await play(definition, seed, 3);
				// What has an outcome is not called again.
				expect(calls).toEqual([...new Set(calls)]);
				const path = executionPath(definition, journal);
				const metrics = metricsOf(definition, journal);
				expect(path.length).toBe(metrics.nodeExecutions);
				expect(JSON.parse(JSON.stringify(path))).toEqual(path);
			}),
			{ numRuns: 400 },
		);
	}, 120_000);
});
