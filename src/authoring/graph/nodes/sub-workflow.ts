/**
 * `sub-workflow`: starts an instance of another type, and waits for its end. Its id is made from the
 * place, the visit and the run: a start that a crash repeats finds it there, and a run that begins anew
 * does not find that of the run before, whose end was told.
 */
import * as z from "zod";
import { durationMs } from "../../../model/duration";
import { NonRetryableError, WorkflowError } from "../../../model/errors";
import { hash53 } from "../../../model/hash";
import { LIMITS } from "../../../model/limits";
import { ControlNode, type Flow } from "../control";
import { EDGES, type Outcome, SUFFIX } from "../outcome";
import { isRecord } from "../records";
import { duration, typeName } from "./fields";

const config = z.strictObject({
	type: typeName,
	payload: z.unknown().optional(),
	wait: z.boolean().default(true),
	timeout: duration.optional(),
});

export class SubWorkflowNode extends ControlNode {
	readonly metadata = {
		id: "sub-workflow",
		name: "Sub-workflow",
		description:
			"Starts an instance of another type, and waits for its end unless `wait` is false.",
		version: "1.0.0",
		shorthand: "type",
		edges: ["success", "failure", "started", EDGES.timeout],
		outputs: ["id", "status", "result", "error"],
		config,
	};

	async run(flow: Flow): Promise<Outcome> {
		const waits = flow.place.config.wait !== false;
		const started = await flow.record(
			async ({ config, idempotencyKey }) => {
				const { type, payload, timeout } = await config();
				const id = childId(flow.executionId, idempotencyKey);
				const parent = waits ? { id: flow.executionId, event: eventOf(id) } : null;
				if (flow.children === null) {
					throw new NonRetryableError(
						"This service starts no instances for graphs: it was given none to do so.",
					);
				}
				await flow.children.start({ type, id, payload: payload ?? null, parent });
				const timeoutMs = timeout === undefined ? null : durationMs(timeout);
				return { edge: "started", output: waits ? { id, timeoutMs } : { id } };
			},
			waits ? SUFFIX.start : "",
		);
		if (!waits || !isRecord(started.output)) return started;
		const { id, timeoutMs } = started.output as { id: string; timeoutMs: number | null };
		const ended = await flow.waitForEvent(eventOf(id), timeoutMs);
		if (ended.edge === "failure" && !flow.place.edges.has("failure"))
			throw failure(id, ended.output);
		return ended;
	}
}

/** `start`: the idempotency key of its first step. */
function childId(parent: string, start: string): string {
	const own = hash53(start).toString(36);
	const room = LIMITS.instanceIdLength - own.length - 1;
	return `${parent.length > room ? hash53(parent).toString(36) : parent}:${own}`;
}

function eventOf(childId: string): string {
	return `child:${hash53(childId).toString(36)}`;
}

function failure(id: string, end: unknown): WorkflowError {
	const { status, error } = isRecord(end) ? end : { status: "ended", error: undefined };
	const message = isRecord(error) && typeof error.message === "string" ? `: ${error.message}` : "";
	return new WorkflowError("CHILD_FAILED", `The sub-workflow "${id}" is ${status}${message}.`, {
		child: id,
		status,
	});
}
