/** The engine's own errors, with what was expected, what came and what to do. */
import type { StepRow, WorkflowRow } from "../db/instance-store";
import { NonDeterminismError, ValidationError, WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { shortened } from "../model/printable";
import type { StepKind } from "../model/rpc";
import type { WorkflowStatus } from "../model/status";
import type { TypeStatus } from "../model/type-state";

/** How many step keys an error names. */
const KEYS_SHOWN = 10;

export function unknownEvent(
	type: string,
	event: string,
	declared: Iterable<string>,
): WorkflowError {
	return new WorkflowError(
		"UNKNOWN_EVENT",
		`The type "${type}" declares no event "${event}". Declared: ${[...declared].join(", ") || "none"}.`,
	);
}

export function typeInactive(type: string, status: TypeStatus): WorkflowError {
	return new WorkflowError(
		"TYPE_INACTIVE",
		`The type "${type}" is ${status} and takes no new instances. An operator can make it active again.`,
		{ type, status },
	);
}

export function instanceExists(id: string, { type, status }: WorkflowRow): WorkflowError {
	return new WorkflowError(
		"INSTANCE_EXISTS",
		`The instance "${id}" exists already, with type "${type}" and status "${status}". Choose another id.`,
	);
}

export function instanceNotFound(): WorkflowError {
	return new WorkflowError("INSTANCE_NOT_FOUND", "There is no instance of this id.");
}

export function instanceNotEnded(status: WorkflowStatus): WorkflowError {
	return new WorkflowError(
		"ILLEGAL_STATUS_CHANGE",
		`The instance is "${status}" and cannot be deleted: terminate it, or wait until it has ended.`,
		{ from: status, to: "deleted" },
	);
}

export function stepNotFound(key: string, steps: Iterable<StepRow>): WorkflowError {
	const keys = Array.from(steps, (step) => step.key);
	const some = keys.slice(-KEYS_SHOWN).map((each) => JSON.stringify(each));
	return new WorkflowError(
		"STEP_NOT_FOUND",
		`The journal has no step ${JSON.stringify(shortened(key))}. ${keys.length === 0 ? "It has no steps yet." : `Its latest: ${some.join(", ")}.`}`,
		{ step: shortened(key) },
	);
}

export function stepIsRunning(key: string): WorkflowError {
	return new WorkflowError(
		"STEP_NOT_REPAIRABLE",
		`Step ${JSON.stringify(key)} is running. Wait for its attempt to end, or restart the instance from it.`,
		{ step: key, stepStatus: "running" },
	);
}

export function instanceFinished(status: WorkflowStatus, event: string): WorkflowError {
	return new WorkflowError(
		"INSTANCE_FINISHED",
		`The instance is "${status}": nothing can take the event "${event}" any more.`,
		{ status },
	);
}

export function typeNotRegistered(type: string): WorkflowError {
	return new WorkflowError(
		"TYPE_NOT_REGISTERED",
		`The type "${type}" is not in the registry. The instance goes on by itself soon after a deploy that has it again.`,
	);
}

export function passesLost(strikes: number): WorkflowError {
	return new WorkflowError(
		"PASS_LOST",
		`${strikes} passes in a row ended their isolate (out of memory, CPU time, or a restart) before anything new was recorded.`,
		{ strikes },
	);
}

export function instanceTimeout(timeoutMs: number): WorkflowError {
	return new WorkflowError(
		"INSTANCE_TIMEOUT",
		`The instance did not end within its timeout of ${timeoutMs} ms.`,
	);
}

/** The program ended or parked without asking for a step that the journal has (G7). */
export function missedStep(row: StepRow, how: "ended" | "parked"): NonDeterminismError {
	return new NonDeterminismError(
		`The journal records step "${row.key}" ("${row.kind}"), but the program ${how} without asking for it. Deploy code that takes the recorded way, then resume.`,
		{ step: row.key, recorded: row.kind, asked: null },
	);
}

/** The program asks for a recorded step as another kind (G7). */
export function otherKind(row: StepRow, asked: StepKind): NonDeterminismError {
	return new NonDeterminismError(
		`The journal records step "${row.key}" as "${row.kind}", but the program now asks for it as "${asked}". Deploy code that takes the recorded way, then resume.`,
		{ step: row.key, recorded: row.kind, asked },
	);
}

export function nestedInFunction(name: string, outer: string): ValidationError {
	return new ValidationError(
		`The step "${name}" was called inside the function of step "${outer}". Steps cannot be nested: call it beside, and pass its result in.`,
		{ path: name },
	);
}

/** A handler's step and another one would have the same key; `parent` is the other one's. */
export function stepNameTaken(key: string, parent: string | null): ValidationError {
	const by = parent === null ? "the program itself" : `a handler of step "${parent}"`;
	return new ValidationError(
		`The key "${key}" is that of a step of ${by}. Steps of handlers have the key "<step>/<name>": choose another name for one of the two.`,
		{ path: key },
	);
}

export function stepLimit(name: string): WorkflowError {
	return new WorkflowError(
		"STEP_LIMIT",
		`The step "${name}" is one more than the ${LIMITS.steps} that an instance may have. Split the work over several instances.`,
		{ limit: LIMITS.steps },
	);
}
