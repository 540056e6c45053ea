/**
 * The names of the chronicle's events, and what each carries (seed 004); what is done with such
 * names where they are asked for.
 */
import { ValidationError } from "./errors";
import { parseEventName } from "./ids";
import type { LogLevel } from "./log";
import { shortened } from "./printable";
import type { WorkflowStatus } from "./status";

/** What every event says of its instance. */
export interface EventSubject {
	instanceId: string;
	/** Its type. */
	workflowName: string;
}

interface StepSubject {
	/** The step's key. */
	stepName: string;
}

interface BegunStep extends StepSubject {
	stepType: string;
}

/** Plain JSON throughout: values as the status answer shows them. */
export interface ChronicleEventData {
	"workflow.started": { input: unknown };
	"workflow.completed": { output: unknown };
	"workflow.failed": { status: WorkflowStatus; error: string | null };
	"workflow.cancelled": object;
	"workflow.status": { status: WorkflowStatus; reason: string | null };
	"workflow.progress": {
		progress: number;
		currentStep: string | null;
		completedSteps: number;
		totalSteps: number;
	};
	"workflow.step.started": BegunStep;
	"workflow.step.completed": BegunStep & { output: unknown };
	"workflow.step.failed": BegunStep & { error: string; attempts: number };
	"workflow.step.retry": StepSubject & {
		attempt: number;
		maxAttempts: number;
		/** In ms. */
		delay: number;
		error: string;
	};
	"workflow.step.poll": StepSubject & { pollCount: number; result: unknown };
	"workflow.step.loop": StepSubject & { loopCount: number; result: unknown };
	/** A pass was lost with its isolate before it had recorded anything new, so often in a row. */
	"workflow.watchdog.stale": { strikes: number };
	/** It was lost too often in a row, and given up. */
	"workflow.watchdog.killed": { strikes: number; error: string };
	"log.workflow": {
		level: LogLevel;
		message: string;
		fields: Record<string, unknown>;
		stepName: string | null;
	};
}

export type ChronicleEventName = keyof ChronicleEventData;

const NAMES = Object.keys({
	"workflow.started": true,
	"workflow.completed": true,
	"workflow.failed": true,
	"workflow.cancelled": true,
	"workflow.status": true,
	"workflow.progress": true,
	"workflow.step.started": true,
	"workflow.step.completed": true,
	"workflow.step.failed": true,
	"workflow.step.retry": true,
	"workflow.step.poll": true,
	"workflow.step.loop": true,
	"workflow.watchdog.stale": true,
	"workflow.watchdog.killed": true,
	"log.workflow": true,
} satisfies Record<ChronicleEventName, true>);

const RESERVED = /^(?:workflow|log)\./;

/**
 * Returns `name` when there can be such an event: one of the chronicle's own, or a name that a
 * program gives to one of its own. `path` says where it was written.
 *
 * @throws {ValidationError}
 */
export function parseChosenEvent(name: unknown, path: string): string {
	let event: string;
	try {
		event = parseEventName(name);
	} catch (error) {
		throw new ValidationError(`${path}: ${(error as Error).message}`, { path });
	}
	if (!RESERVED.test(event) || NAMES.includes(event)) return event;
	throw new ValidationError(
		`${path}: there is no event "${shortened(event)}". Expected one of ${NAMES.join(", ")}, or the name of an event that the program emits itself.`,
		{ path },
	);
}
