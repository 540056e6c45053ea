/**
 * A style under test as the behaviours use it: flows become registered types and instances of
 * them. Also what many behaviours do: note calls, hold a step in flight, wake up from tables alone.
 */
import { programsOf, type StepContext } from "../../../src/engine/program";
import type { WorkflowStatusResponse } from "../../../src/model/http";
import { TestInstance } from "../../support/instance";
import { clock, programs } from "../../support/lab";
import { type Declares, type Flow, type Part, type Style, step, type Work } from "./style";

/** Facts, by the sentence that says each. */
export type Behaviours = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

let types = 0;

export class Subject {
	readonly #style: Style;

	constructor(style: Style) {
		this.#style = style;
	}

	/** How often code between steps has been called that was reached live, and by so many replays. */
	timesCalled({ replays }: { replays: number }): number {
		return this.#style.replaysCode === false ? 1 : 1 + replays;
	}

	/** Registers a flow under a new type, or in the place of `type`; returns the type. */
	deploy(flow: Flow, declares: Declares = {}, type = `conformance-${++types}`): string {
		const registry = { [type]: this.#style.write({ type, flow, declares }) };
		for (const [key, program] of programsOf(registry)) programs.set(key, program);
		return type;
	}

	start(flow: Flow, payload: unknown = null, declares: Declares = {}): Promise<TestInstance> {
		return TestInstance.create(this.deploy(flow, declares), payload);
	}
}

/** Makes steps that note each call of their function; one gives its name unless told otherwise. */
export function witness() {
	const calls: string[] = [];
	const noted = (name: string, work: Work = () => name, options = {}): Part =>
		step(
			name,
			(value, context) => {
				calls.push(name);
				return work(value, context);
			},
			options,
		);
	return { calls, step: noted };
}

/** A step's function that the test ends by `resolve`; `aborted` has its signal's reasons. */
export function held<T>() {
	const { promise, resolve } = Promise.withResolvers<T>();
	const aborted: string[] = [];
	const work = (_: unknown, { signal }: StepContext) => {
		signal.addEventListener("abort", () => aborted.push(String(signal.reason)));
		return promise;
	};
	return { work, resolve, aborted };
}

/** Of the first call it is a function that never returns, of later ones `work`. */
export function hangsOnce(work: Work): Work {
	let calls = 0;
	return (value, context) => (++calls === 1 ? new Promise(() => {}) : work(value, context));
}

/**
 * Resolves once these steps, and no others, are in flight; in branches, their names may be without
 * what a style puts before them.
 */
export function inFlight(instance: TestInstance, ...names: string[]) {
	const running = ({ steps }: WorkflowStatusResponse) =>
		steps.filter(({ status }) => status === "running").map(({ name }) => name);
	const isOf = (name: string, wanted: string | undefined) =>
		name === wanted || ownName(name) === wanted;
	return instance.until((status) => {
		const found = running(status);
		return found.length === names.length && found.every((name, at) => isOf(name, names[at]));
	});
}

function ownName(name: string): string {
	return name.slice(name.lastIndexOf("/") + 1);
}

/** Once it sleeps: evicts the object, and `ms` later its alarm fires. */
export async function sleepOver(instance: TestInstance, ms: number): Promise<void> {
	await instance.until("sleeping");
	await instance.evict();
	await instance.advance(ms);
}

/** Time for whatever should not happen to happen. */
export async function turns(): Promise<void> {
	for (let turn = 0; turn < 20; turn++) await clock.turn();
}
