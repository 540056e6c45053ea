/**
 * The statuses of an instance and the one table of legal changes.
 *
 * A restart begins another run of an instance and starts from `created`, whatever ended the one
 * before; every other status change in the project goes through `assertStatusChange`, and nothing else lists
 * terminal statuses: both follow from `NEXT_STATUSES`.
 */
import { WorkflowError } from "./errors";

export const WORKFLOW_STATUSES = [
	"created",
	"running",
	"sleeping",
	"waiting",
	"paused",
	"panicked",
	"completed",
	"errored",
	"timed_out",
	"terminated",
] as const;

/** Where an instance stands; see the table in ARCHITECTURE.md. */
export type WorkflowStatus = (typeof WORKFLOW_STATUSES)[number];

const NEXT_STATUSES: Record<WorkflowStatus, readonly WorkflowStatus[]> = {
	created: ["running", "paused", "timed_out", "terminated"],
	running: [
		"sleeping",
		"waiting",
		"paused",
		"panicked",
		"completed",
		"errored",
		"timed_out",
		"terminated",
	],
	sleeping: ["running", "waiting", "paused", "timed_out", "terminated"],
	waiting: ["running", "paused", "timed_out", "terminated"],
	paused: ["created", "running", "waiting", "timed_out", "terminated"],
	panicked: ["running", "waiting", "paused", "errored", "timed_out", "terminated"],
	completed: [],
	errored: [],
	timed_out: [],
	terminated: [],
};

/** True for a status that nothing leaves. */
export function isTerminal(status: WorkflowStatus): boolean {
	return NEXT_STATUSES[status].length === 0;
}

/** Throws `ILLEGAL_STATUS_CHANGE`, naming both statuses, unless the table allows the change. */
export function assertStatusChange(from: WorkflowStatus, to: WorkflowStatus): void {
	const allowed = NEXT_STATUSES[from];
	if (allowed.includes(to)) return;
	const hint = isTerminal(from)
		? `"${from}" is final`
		: `from "${from}" it can become ${allowed.map((status) => `"${status}"`).join(", ")}`;
	throw illegalStatusChange(from, to, hint);
}

export function illegalStatusChange(
	from: WorkflowStatus,
	to: WorkflowStatus,
	hint: string,
): WorkflowError {
	return new WorkflowError(
		"ILLEGAL_STATUS_CHANGE",
		`The instance is "${from}" and cannot become "${to}": ${hint}.`,
		{ from, to },
	);
}
