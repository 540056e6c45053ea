/**
 * `build()`: the steps as written become a machine that can be followed. What only the whole shows
 * is checked here: that targets are steps, that all steps can be reached, that every way ends.
 */
import { type Program, type Services, toProgram } from "../../engine/program";
import { ValidationError } from "../../model/errors";
import { parseStepName } from "../../model/ids";
import { isSchema } from "../../model/standard-schema";
import { declared } from "../declaration";
import { type Branch, type Lead, type MachineStep, type Sequence, targetsOf } from "./definition";
import { graphOf, INTERVAL } from "./graph-of";
import type { MachineOptions, RetryConfig } from "./options";
import type { Draft } from "./parse-step";
import { retryOptionsOf, TRIED_ONCE } from "./retries";
import { follow } from "./run";

/** What the builder has been told so far. */
export interface Written {
	readonly name: string;
	/** Null: it is a machine. */
	readonly branch: string | null;
	readonly drafts: Draft[];
	options: MachineOptions & { timeout?: number | string };
	retry: RetryConfig | null;
	isInline: boolean;
}

export interface MachineSource {
	readonly name: string;
	[toProgram](services?: Services): Program;
}

/** @throws {ValidationError} that names the step. */
export function machineOf({ name, drafts, options, retry, isInline }: Written): MachineSource {
	const where = `The machine "${name}"`;
	const sequence = sequenceOf(drafts, where);
	checkPaths(sequence, "");
	const { input, stepTimeout, ...declaration } = options;
	if (input !== undefined && !isSchema(input)) {
		throw new ValidationError(`${where}: input is no Standard Schema.`, { path: "input" });
	}
	const retries = retry === null ? {} : retryOptionsOf(retry, "the machine");
	const defaults = { retries: { ...TRIED_ONCE, ...retries }, timeout: stepTimeout };
	const program = {
		...declared(name, { ...declaration, defaults }, input),
		graph: graphOf(sequence),
		isInline,
	};
	const { isPanic } = program.panic;
	return {
		name: program.type,
		[toProgram]: (services = {}) => ({
			...program,
			run: (step, input, run) => follow(sequence, { step, input, run, services, isPanic }),
		}),
	};
}

export function branchOf({ drafts }: Pick<Written, "drafts">, name: string): Branch {
	return { name, ...sequenceOf(drafts, `The branch "${name}"`) };
}

function sequenceOf(drafts: readonly Draft[], where: string): Sequence {
	const steps = new Map<string, MachineStep>();
	for (const [index, draft] of drafts.entries()) {
		const { name, flow } = draft;
		if (steps.has(name)) throw fault(where, name, "is there twice: a name is of one step");
		const following = flow.end ? null : (drafts[index + 1]?.name ?? null);
		steps.set(name, draft.finish(flow.next ?? following));
	}
	const first = drafts[0]?.name;
	if (first === undefined) {
		throw new ValidationError(`${where} has no steps: give it at least one.`, { path: "steps" });
	}
	checkTargets(steps, where);
	checkWaysBack(steps, where);
	checkReached(steps, first, where);
	return { steps, first };
}

function checkTargets(steps: ReadonlyMap<string, MachineStep>, where: string): void {
	const before = new Set<string>();
	for (const [name, step] of steps) {
		for (const { to } of targetsOf(step)) {
			if (steps.has(to)) continue;
			const known = [...steps.keys()].join(", ");
			throw fault(where, name, `leads to "${to}", which is no step of it. Its steps: ${known}`);
		}
		if (step.kind === "loop" && !before.has(step.target)) {
			throw fault(
				where,
				name,
				`has the target "${step.target}": a loop goes back to a step before it`,
			);
		}
		before.add(name);
	}
}

/** Other ways back than a loop's would have no bound. */
function checkWaysBack(steps: ReadonlyMap<string, MachineStep>, where: string): void {
	const done = new Set<string>();
	const way = new Set<string>();
	const visit = (name: string, from: string): void => {
		if (way.has(name)) {
			const hint = `.loop("again", { condition, target: "${name}", maxIterations })`;
			throw fault(
				where,
				from,
				`leads back to "${name}" without a bound, and may never end: use ${hint}`,
			);
		}
		const step = steps.get(name);
		if (done.has(name) || step === undefined) return;
		way.add(name);
		for (const { to } of forwardOf(step)) visit(to, name);
		way.delete(name);
		done.add(name);
	};
	for (const name of steps.keys()) visit(name, name);
}

function checkReached(steps: ReadonlyMap<string, MachineStep>, first: string, where: string): void {
	const reached = new Set([first]);
	// A set is gone through in the order in which it grows.
	for (const name of reached) {
		const step = steps.get(name);
		if (step !== undefined) for (const { to } of forwardOf(step)) reached.add(to);
	}
	for (const name of steps.keys()) {
		if (!reached.has(name)) throw fault(where, name, "is never reached: no step leads to it");
	}
}

/** Where it leads, other than back. */
function forwardOf(step: MachineStep): Lead[] {
	return targetsOf(step).filter(({ isBack }) => !isBack);
}

/** The names in the journal are those of all branches around a step. */
function checkPaths({ steps }: Sequence, prefix: string): void {
	for (const step of steps.values()) {
		parseStepName(`${prefix}${step.name}${INTERVAL}`);
		if (step.kind !== "parallel") continue;
		for (const branch of step.branches) checkPaths(branch, `${prefix}${step.name}/${branch.name}/`);
	}
}

function fault(where: string, step: string, problem: string): ValidationError {
	return new ValidationError(`${where}: the step "${step}" ${problem}.`, { path: step });
}
