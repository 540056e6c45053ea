/**
 * The graph style's adapter to the conformance suite: the parts of a flow become places of a
 * definition, and their functions nodes of a registry. A part finds its value in the output of the
 * place before it. A graph names its steps by their addresses; here they are given the names of their
 * parts, so that what is said of names can be shown.
 */
import type { Json, JsonObject } from "../../../src/authoring/graph/definition";
import type { ExecutionContext } from "../../../src/authoring/graph/node";
import { parseGraph } from "../../../src/authoring/graph/parse";
import { graphProgram } from "../../../src/authoring/graph/program";
import { NodeRegistry } from "../../../src/authoring/graph/registry";
import {
	type Program,
	type ProgramSource,
	type StepContext,
	type StyleStep,
	toProgram,
} from "../../../src/engine/program";
import { conformance } from "../conformance";
import type { Flow, Part, Workflow } from "../conformance/style";
import { type Execute, nodeClass } from "./deploy";

const NO_CODE =
	"a graph has no code between its steps: what stands for it is a step, which a replay does not call";
const MORE_STEPS =
	"what stands for code between steps, for a loop and for branches, is a step of its own";
const NO_RACE = "a graph has no race: its parallel places wait for all branches";
const NO_SCHEMA = "a definition is JSON: it has no schema in code, and no events that it declares";
const RECORDS = "the row of a place has its edge beside its output";
const ERROR_DATA = "what a route for errors is told is data: name, message and code";

/** By behaviour: why a graph cannot show it. */
const SKIPS = {
	"a payload that is left out is undefined, live and on replay": NO_CODE,
	"a payload that the declared schema refuses creates nothing": NO_SCHEMA,
	"a payload is what the declared schema makes of it, also on replay": NO_SCHEMA,
	"an instance keeps the version that it began with over a deploy of another":
		"the version of a definition is three numbers",
	"a step is shown with name, kind, attempts and result": RECORDS,
	"a name that is used again is recorded with a number": MORE_STEPS,
	"of parallel steps the first failure is the failure of all, also on replay": NO_CODE,
	"the first success of several is taken past failures, also on replay": NO_RACE,
	"a race keeps its winner on every replay": NO_RACE,
	"the loser of a race is recorded when it ends, and not called again": NO_RACE,
	"the loser in flight when the instance ends is aborted and its result dropped": NO_RACE,
	"a step that is out of retries fails the same on replay, and is not called": NO_CODE,
	"a payload and the result keep every kind of value, live and on replay": NO_CODE,
	"a step's result keeps every kind of value, live and on replay": NO_CODE,
	"an event's payload keeps every kind of value, live and on replay": NO_CODE,
	"a result is a copy: what the program does to it does not reach the journal": NO_CODE,
	"a step's result that cannot be stored fails it by name and path, without a retry":
		"it is named as the output of a place",
	"an event that was taken is not taken again after a replay or a crash": MORE_STEPS,
	"an event that is not declared, or whose schema refuses it, changes nothing": NO_SCHEMA,
	"a pause lets the step in flight finish, records it, and starts nothing new": RECORDS,
	"an error that is caught is the same live and on replay, and the program goes on": NO_CODE,
	"a step may throw what is no error: it is caught as it was, live and on replay": ERROR_DATA,
	"an end without a recorded step pauses, and a fitting deploy goes on": MORE_STEPS,
	"a type may ask for an error in place of the pause": "a definition does not say it",
};

conformance({ name: "graph", write: graphOf, skips: SKIPS });

/** Where the value of a part is: null: it is the payload. */
type Source = string | null;

function graphOf({ type, flow, declares }: Workflow): ProgramSource {
	const { retries, stepTimeout, timeout, version = "1.0.0", ...coded } = declares;
	if (Object.keys(coded).length > 0) throw new Error(NO_SCHEMA);
	const writer = new Writer(stepTimeout);
	const { list, end } = writer.write(flow, null);
	if (list.length === 0) list.push({ log: "nothing" });
	const parsed = parseGraph(
		{
			...{ id: type, name: type, version, workflow: list },
			settings: {
				...(retries === undefined ? {} : { retry: retries as JsonObject }),
				...(timeout === undefined ? {} : { timeout }),
			},
		},
		writer.nodes,
	);
	if ("faults" in parsed) throw new Error(JSON.stringify(parsed.faults));
	const { definition } = parsed;
	const names = new Map<string, string>();
	for (const { address, name } of definition.places.values()) {
		names.set(address, writer.names.get(name ?? "") ?? address);
	}
	const program = graphProgram(definition, writer.nodes);
	const run: Program["run"] = async (step, payload, info) => {
		const state = await program.run(renamed(step, names), payload, info);
		return valueAt(end, state as Record<string, unknown>, payload);
	};
	return { [toProgram]: () => ({ ...program, graph: null, run }) };
}

function renamed(step: StyleStep, names: ReadonlyMap<string, string>): StyleStep {
	const named = (name: string) => names.get(name) ?? name;
	return {
		...step,
		do: (name: string, ...rest: [never, never]) => step.do(named(name), ...rest),
		doHandled: (name, fn, options) => step.doHandled(named(name), fn, options),
		sleep: (name, duration) => step.sleep(named(name), duration),
		sleepUntil: (name, moment) => step.sleepUntil(named(name), moment),
		waitForEvent: (name: string, options: never) => step.waitForEvent(named(name), options),
	} as StyleStep;
}

function valueAt(source: Source, state: Record<string, unknown>, payload: unknown): unknown {
	if (source === null) return payload;
	if (source !== "error") return state[source];
	const { name, message, code } = state.error as { name: string; message: string; code: unknown };
	const error = Object.assign(new Error(message), code === null ? {} : { code });
	return Object.defineProperty(error, "name", { value: name });
}

interface Written {
	list: Json[];
	end: Source;
}

class Writer {
	readonly nodes = new NodeRegistry();
	/** Of parts, by the names of their places. */
	readonly names = new Map<string, string>();
	readonly #stepTimeout: Json | undefined;
	#places = 0;

	constructor(stepTimeout: Json | undefined) {
		this.#stepTimeout = stepTimeout;
	}

	write(flow: Flow, from: Source): Written {
		let end = from;
		const list = flow.flatMap((part) => {
			const written = this.#part(part, end);
			end = written.end;
			return written.list;
		});
		return { list, end };
	}

	/** A place of a node of its own; its output is what `work` makes of the value. */
	#node(
		from: Source,
		work: (value: never, context: ExecutionContext) => unknown,
		options: JsonObject = {},
		part?: string,
	): { place: JsonObject; end: string } {
		const name = this.#name(part);
		const execute: Execute = async (context) => {
			const value = valueAt(from, context.state, context.input);
			const output = await work(value as never, context);
			return { success: () => output };
		};
		this.nodes.register(nodeClass(name, execute));
		return { place: { [name]: { $name: name, ...options } }, end: `${name}_output` };
	}

	#name(part: string | undefined): string {
		const name = `p${++this.#places}`;
		if (part !== undefined) this.names.set(name, part);
		return name;
	}

	#part(part: Part, from: Source): Written {
		switch (part.kind) {
			case "step": {
				const { retries, timeout = this.#stepTimeout } = part.options;
				const options = {
					...(retries === undefined ? {} : { $retry: { ...retries } as JsonObject }),
					...(timeout === undefined ? {} : { $timeout: timeout }),
				};
				const work = (value: never, context: ExecutionContext) =>
					part.work(value, withKey(context, part.name));
				const { place, end } = this.#node(from, work, options, part.name);
				return { list: [place], end };
			}
			case "sleep":
			case "sleep until": {
				const $name = this.#name(part.name);
				const delay: JsonObject =
					part.kind === "sleep"
						? { $name, duration: part.duration }
						: { $name, until: part.moment.toISOString() };
				return { list: [{ delay }], end: from };
			}
			case "wait": {
				const $name = this.#name(part.name);
				const { event, timeout } = part;
				const wait = { $name, event, ...(timeout === undefined ? {} : { timeout }) };
				return { list: [{ "wait-event": wait }], end: `${$name}_output` };
			}
			case "between": {
				const { place, end } = this.#node(from, part.code, { $retry: { limit: 1 } });
				return { list: [place], end };
			}
			case "all":
				return this.#all(part.branches, from);
			case "choose":
				return this.#choose(part, from);
			case "repeat":
				return this.#repeat(part, from);
			case "attempt":
				return this.#attempt(part, from);
			case "any":
			case "race":
				throw new Error(NO_RACE);
		}
	}

	#all(flows: readonly Flow[], from: Source): Written {
		const branches = flows.map((flow) => this.write(flow, from));
		const routes = branches.map(({ list }, index) => [`b${index}?`, list]);
		const { place, end } = this.#node(null, (_, { state, input }) =>
			branches.map((branch) => valueAt(branch.end, state, input)),
		);
		return { list: [{ parallel: Object.fromEntries(routes) }, place], end };
	}

	/** A route is the rest of its list: what goes on after a choice is outside of a branch around it. */
	#choose({ test, yes, no }: Part & { kind: "choose" }, from: Source): Written {
		const name = this.#name(undefined);
		const [left, right] = [this.write(yes, from), this.write(no, from)];
		this.nodes.register(
			nodeClass(name, ({ state, input }) => {
				const edge = test(valueAt(from, state, input) as never) ? "yes" : "no";
				return { [edge]: () => edge };
			}),
		);
		const choice = { [name]: { $name: name, "yes?": left.list, "no?": right.list } };
		const { place, end } = this.#node(null, (_, { state, input }) =>
			valueAt(state[`${name}_output`] === "yes" ? left.end : right.end, state, input),
		);
		return { list: [{ parallel: { "choice?": [choice] } }, place], end };
	}

	#repeat({ body, again }: Part & { kind: "repeat" }, from: Source): Written {
		const name = this.#name(undefined);
		let last: Source = null;
		const first = this.#node(null, (_, { state, input }) =>
			valueAt(state[`${name}_output`].index === 0 ? from : last, state, input),
		);
		const turn = this.write(body, first.end);
		last = turn.end;
		const asked = this.#node(turn.end, (value) => again(value));
		const route = [first.place, ...turn.list, asked.place];
		const loop = {
			$name: name,
			while: `$not($exists(${asked.end})) or ${asked.end}`,
			"loop?": route,
		};
		const forget = { "set-state": { unset: [asked.end] } };
		return { list: [{ loop }, forget], end: turn.end };
	}

	#attempt({ body, recover, cleanup }: Part & { kind: "attempt" }, from: Source): Written {
		const tried = this.write(body, from);
		const name = this.#name(undefined);
		const mended = recover === undefined ? undefined : this.write(recover, "error");
		const attempt: JsonObject = { $name: name, "body?": tried.list };
		if (mended !== undefined) attempt["error?"] = mended.list;
		const { place, end } = this.#node(null, (_, { state, input }) => {
			const isFine = state[`${name}_output`] !== undefined;
			if (isFine || mended === undefined) return valueAt(tried.end, state, input);
			// An error itself is no value that could be stored.
			return mended.end === "error" ? undefined : valueAt(mended.end, state, input);
		});
		const whole: Json[] = [{ parallel: { "attempt?": [{ parallel: attempt }] } }, place];
		if (cleanup === undefined) return { list: whole, end };
		const rethrow = this.#node(
			"error",
			(error) => {
				throw error;
			},
			{ $retry: { limit: 1 } },
		);
		const onError = [...this.write(cleanup, "error").list, rethrow.place];
		const around = { parallel: { "all?": whole, "error?": onError } };
		return { list: [{ parallel: { "outer?": [around] } }, ...this.write(cleanup, end).list], end };
	}
}

/** Behaviours look at the attempt as a step's function does. */
function withKey({ attempt, idempotencyKey, signal }: ExecutionContext, key: string): StepContext {
	return { attempt, idempotencyKey, signal, key } as StepContext;
}
