/** `log`: a line in the log of the instance. */
import * as z from "zod";
import { LOG_LEVELS } from "../../../model/log";
import { type EdgeMap, type ExecutionContext, WorkflowNode } from "../node";
import { leftBy } from "./fields";

const config = z.strictObject({
	message: z.unknown().optional(),
	level: z.enum(LOG_LEVELS).default("info"),
	fields: z.record(z.string(), z.unknown()).optional(),
});

export class LogNode extends WorkflowNode {
	readonly metadata = {
		id: "log",
		name: "Log",
		description: "Writes a line to the log of the instance.",
		version: "1.0.0",
		shorthand: "message",
		edges: ["success"],
		config,
	};

	async execute(context: ExecutionContext, given: z.output<typeof config>): Promise<EdgeMap> {
		const { message = "", level, fields } = given;
		const text = typeof message === "string" ? message : JSON.stringify(message);
		context.log(level, text, fields);
		return leftBy("success", context);
	}
}
