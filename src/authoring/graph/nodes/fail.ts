/** `fail`: ends the run, or the loop or branch that has a route for its error, with a message. */
import * as z from "zod";
import { FAILED } from "../errors";
import { type EdgeMap, type ExecutionContext, WorkflowNode } from "../node";
import { isRecord } from "../records";

const config = z.strictObject({
	message: z.unknown().optional(),
	code: z.union([z.string(), z.number()]).optional(),
	details: z.record(z.string(), z.unknown()).optional(),
});

export class FailNode extends WorkflowNode {
	readonly metadata = {
		id: "fail",
		name: "Fail",
		description: "Fails with a message and a code; without them, with those of `state.error`.",
		version: "1.0.0",
		shorthand: "message",
		edges: [],
		config,
	};

	async execute({ state }: ExecutionContext, given: z.output<typeof config>): Promise<EdgeMap> {
		const before = isRecord(state.error) ? state.error : {};
		const {
			message = before.message ?? "The workflow failed.",
			code = before.code,
			details,
		} = given;
		const error = new Error(typeof message === "string" ? message : JSON.stringify(message));
		error.name = FAILED;
		throw Object.assign(
			error,
			typeof code === "string" || typeof code === "number" ? { code } : {},
			details === undefined ? {} : { details },
		);
	}
}
