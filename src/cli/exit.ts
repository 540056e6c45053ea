/** How a command ends: its exit code, and what is said of a fault. */
import { ServiceError, UnreachableError } from "../service-client/faults";

export const EXIT = {
	ok: 0,
	/** The service refused, or what was asked for went wrong. */
	failed: 1,
	/** The command line, a file or the configuration is wrong. */
	usage: 2,
	unreachable: 3,
	/** Ctrl-C: 128 and the number of the signal, as shells have it. */
	interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What was given cannot be used: what was expected, what came, what to do. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

/** The command has said all there is to say. */
export class Ended extends Error {
	override readonly name = "Ended";

	constructor(readonly code: ExitCode) {
		super(`ended with ${code}`);
	}
}

export interface Explanation {
	code: ExitCode;
	message: string;
	/** What to do next. */
	hints: string[];
}

/** Hints by the code of a refusal. */
const HINTS: Record<string, string> = {
	UNAUTHORIZED:
		"Give a token: --token, WORKFLOW_TOKEN, or a server of the configuration (workflow servers add).",
	FORBIDDEN: "Use a token whose role and types allow it.",
	INSTANCE_NOT_FOUND: "workflow status --workflow <name> lists the executions of a workflow.",
	UNKNOWN_TYPE: "workflow list shows the workflows that there are.",
	TYPE_INACTIVE: "workflow types activate <name> has it take executions again.",
	DEFINITION_EXISTS: "Raise its version, or give --replace.",
	SCHEDULE_NOT_FOUND: "workflow schedules list shows the schedules.",
	QUEUE_FULL: "workflow types show <name> tells its limits and who waits.",
};

export function explain(error: unknown): Explanation {
	if (error instanceof UsageError) return { code: EXIT.usage, message: error.message, hints: [] };
	if (error instanceof UnreachableError) {
		const hints = [
			"workflow dev starts a service on this machine; --url, WORKFLOW_URL or --server name another.",
		];
		return { code: EXIT.unreachable, message: error.message, hints };
	}
	if (error instanceof ServiceError) return refused(error);
	const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
	return { code: EXIT.failed, message, hints: ["This is a fault of the command line itself."] };
}

function refused({ status, code, message, requestId }: ServiceError): Explanation {
	const hint = HINTS[code];
	const hints = hint === undefined ? [] : [hint];
	if (status >= 500 && requestId !== null) {
		hints.push(`The log of the service has more under the request id ${requestId}.`);
	}
	return { code: EXIT.failed, message: `${message} (${code})`, hints };
}
