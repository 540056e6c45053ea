/** `condition`: left by `true` or by `false`. */
import * as z from "zod";
import { type EdgeMap, type ExecutionContext, WorkflowNode } from "../node";
import { required } from "./fields";

const config = z
	.strictObject({ if: z.unknown().optional() })
	.refine(required("if"), { message: "expected JSONata", path: ["if"] });

export class ConditionNode extends WorkflowNode {
	readonly metadata = {
		id: "condition",
		name: "Condition",
		description: "Goes on by `true` or by `false`, as its JSONata says.",
		version: "1.0.0",
		shorthand: "if",
		expressions: ["if"],
		edges: ["true", "false"],
		config,
	};

	async execute(_: ExecutionContext, given: z.output<typeof config>): Promise<EdgeMap> {
		const holds = isTrue(given.if);
		return holds ? { true: () => true } : { false: () => false };
	}
}

/** As `$boolean` of JSONata has it: an empty list or object is false, and so is a list of such. */
export function isTrue(value: unknown): boolean {
	if (Array.isArray(value)) return value.some(isTrue);
	if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
	return Boolean(value);
}
