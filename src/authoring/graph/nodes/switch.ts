/** `switch`: left by the edge that is named as its value, or by `default`. */
import * as z from "zod";
import { printable } from "../../../model/printable";
import { type EdgeMap, type ExecutionContext, WorkflowNode } from "../node";
import { required } from "./fields";

const config = z
	.strictObject({ value: z.unknown().optional() })
	.refine(required("value"), { message: "expected JSONata", path: ["value"] });

const DEFAULT = "default";
/** Edges that a value does not choose. */
const NO_VALUE = new Set([DEFAULT, "error", "loop"]);

export class SwitchNode extends WorkflowNode {
	readonly metadata = {
		id: "switch",
		name: "Switch",
		description: "Goes on by the edge that is named as its value, or else by `default`.",
		version: "1.0.0",
		shorthand: "value",
		expressions: ["value"],
		config,
	};

	async execute({ edges }: ExecutionContext, given: z.output<typeof config>): Promise<EdgeMap> {
		const value = given.value ?? null;
		const name = printable(value);
		const edge = edges.includes(name) && !NO_VALUE.has(name) ? name : DEFAULT;
		return { [edge]: () => value };
	}
}
