/**
 * The machine style's adapter to the conformance suite: each part of a flow becomes steps of a
 * machine, each given what came before it as `prev`.
 */
import type { StepContext } from "../../../src/engine/program";
import { type MachineContext, type Untyped, workflow } from "../../../src/library";
import { durationMs } from "../../../src/model/duration";
import type { RetryOptions } from "../../../src/model/retry";
import { conformance } from "../conformance";
import type { Flow, Part, Workflow } from "../conformance/style";

const NO_RACE = "a machine has no race: its parallel steps wait for all branches";
const NO_CATCH = "a machine has no error branch: what a step throws after its retries is its end";

/** By behaviour: why a machine cannot say it. */
const SKIPS = {
	"the first success of several is taken past failures, also on replay": NO_RACE,
	"a race keeps its winner on every replay": NO_RACE,
	"the loser of a race is recorded when it ends, and not called again": NO_RACE,
	"the loser in flight when the instance ends is aborted and its result dropped": NO_RACE,
	"of parallel steps the first failure is the failure of all, also on replay": NO_CATCH,
	"a step that is out of retries fails the same on replay, and is not called": NO_CATCH,
	"the way taken at a timeout is kept on replay, whatever came since": NO_CATCH,
	"an event that comes after its wait timed out is kept for the next wait": NO_CATCH,
	"an error that is caught is the same live and on replay, and the program goes on": NO_CATCH,
	"an error in the recovery is the one that the instance ends with": NO_CATCH,
	"cleanup runs once the body has ended, and never because the instance parks": NO_CATCH,
	"cleanup may have steps: after a failure they run once, and the failure stays": NO_CATCH,
	"a terminated instance runs neither recovery nor cleanup": NO_CATCH,
	"a step may throw what is no error: it is caught as it was, live and on replay": NO_CATCH,
	"a program hears nothing of that: neither its recovery nor its cleanup runs": NO_CATCH,
	"a panic runs neither recovery nor cleanup, and spends no attempt": NO_CATCH,
};

// What stands for code between steps is a step.
conformance({ name: "machine", write: machineOf, replaysCode: false, skips: SKIPS });

type Method = "task" | "parallel" | "choice" | "pass" | "loop" | "sleep" | "wait";

/** A step before it is written: what comes next may still be added to its options. */
interface Call {
	method: Method;
	name: string;
	options: Record<string, unknown>;
}

/** What the adapter calls of a builder, whatever the compiler knows of it. */
type Builder = Record<Method, (name: string, options: object) => unknown> & { build(): Untyped };

function machineOf({ type, flow, declares }: Workflow) {
	const { retries, stepTimeout, timeout, payload, ...same } = declares;
	const builder = workflow(type, {
		...same,
		...(payload === undefined ? {} : { input: payload }),
		...(stepTimeout === undefined ? {} : { stepTimeout }),
	}).defaultRetry(retryOf(retries ?? {}));
	if (timeout !== undefined) builder.timeout(timeout);
	return built(builder as unknown as Builder, flow);
}

/** A machine, and a branch, has at least one step. */
function built(builder: Builder, flow: Flow): Untyped {
	const calls = new Writer().calls(flow);
	if (calls.length === 0) calls.push({ method: "pass", name: "nothing", options: {} });
	for (const { method, name, options } of calls) builder[method](name, options);
	return builder.build();
}

function retryOf({ limit = 3, delay = 1_000, factor, maxDelay = "1h", retryOn }: RetryOptions) {
	return {
		maxAttempts: limit,
		intervalMs: durationMs(delay),
		...(factor === undefined ? {} : { backoffRate: factor }),
		maxIntervalMs: durationMs(maxDelay),
		...(retryOn === undefined ? {} : { retryOn }),
	};
}

class Writer {
	#names = 0;

	calls(flow: Flow): Call[] {
		return flow.flatMap((part) => this.#callsOf(part));
	}

	/** One that no flow uses. */
	#name(what: string): string {
		return `${what} ${++this.#names}`;
	}

	#callsOf(part: Part): Call[] {
		switch (part.kind) {
			case "step": {
				const { retries, timeout } = part.options;
				const handler = (value: never, ctx: MachineContext) =>
					part.work(value, withKey(ctx, part.name));
				const retry = retries === undefined ? {} : { retry: retryOf(retries) };
				return [{ method: "task", name: part.name, options: { handler, ...retry, timeout } }];
			}
			case "sleep":
				return [{ method: "sleep", name: part.name, options: { duration: part.duration } }];
			case "sleep until":
				return [{ method: "sleep", name: part.name, options: { until: part.moment } }];
			case "wait": {
				const { event, timeout } = part;
				return [{ method: "wait", name: part.name, options: { event, timeout } }];
			}
			case "between": {
				const options = { handler: part.code, retry: { maxAttempts: 1 } };
				return [{ method: "task", name: this.#name("code"), options }];
			}
			case "all":
				return this.#all(part.branches);
			case "choose":
				return this.#choose(part);
			case "repeat":
				return this.#repeat(part);
			case "any":
			case "race":
				throw new Error(NO_RACE);
			case "attempt":
				throw new Error(NO_CATCH);
		}
	}

	#all(flows: readonly Flow[]): Call[] {
		const branches = flows.map((flow, index) =>
			built(workflow.branch(`branch ${index}`) as unknown as Builder, flow),
		);
		const transform = ({ prev }: MachineContext) => Object.values(prev);
		return [
			{ method: "parallel", name: this.#name("all"), options: { branches } },
			{ method: "pass", name: this.#name("list"), options: { transform } },
		];
	}

	#choose({ test, yes, no }: Part & { kind: "choose" }): Call[] {
		const join: Call = { method: "pass", name: this.#name("join"), options: {} };
		const [then, otherwise] = [yes, no].map((flow) => {
			const calls = this.calls(flow);
			const last = calls.at(-1);
			if (last !== undefined) last.options.next = join.name;
			return { calls, first: (calls[0] ?? join).name };
		});
		const condition = ({ input, prev = input }: MachineContext) => test(prev as never);
		const options = {
			choices: [{ condition, next: then?.first }],
			default: otherwise?.first,
		};
		const choice: Call = { method: "choice", name: this.#name("choice"), options };
		return [choice, ...(then?.calls ?? []), ...(otherwise?.calls ?? []), join];
	}

	#repeat({ body, again }: Part & { kind: "repeat" }): Call[] {
		const calls = this.calls(body);
		const condition = ({ prev }: MachineContext) => again(prev as never);
		const options = { condition, target: calls[0]?.name, maxIterations: 10_000 };
		return [...calls, { method: "loop", name: this.#name("again"), options }];
	}
}

/** Behaviours look at the attempt as a step's function does. */
function withKey(ctx: MachineContext, key: string): StepContext {
	const { attempt, idempotencyKey, signal } = ctx;
	return { attempt, idempotencyKey, signal, key } as StepContext;
}
