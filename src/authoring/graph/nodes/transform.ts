/** `transform`: makes data from the state by JSONata. */
import * as z from "zod";
import { type EdgeMap, type ExecutionContext, WorkflowNode } from "../node";
import { key, leftBy, required } from "./fields";

const config = z
	.strictObject({ expression: z.unknown().optional(), into: key.optional() })
	.refine(required("expression"), { message: "expected JSONata", path: ["expression"] });

export class TransformNode extends WorkflowNode {
	readonly metadata = {
		id: "transform",
		name: "Transform",
		description:
			"Makes data from the state by JSONata; `into` names the key of the state that it is put under.",
		version: "1.0.0",
		shorthand: "expression",
		expressions: ["expression"],
		edges: ["success"],
		config,
	};

	async execute(context: ExecutionContext, given: z.output<typeof config>): Promise<EdgeMap> {
		const { expression: value, into } = given;
		if (into === undefined) return { success: () => value };
		context.state[into] = value;
		return leftBy("success", context);
	}
}
