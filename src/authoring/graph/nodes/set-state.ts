/** `set-state`: sets keys of the state, and takes keys away. */
import * as z from "zod";
import { type EdgeMap, type ExecutionContext, WorkflowNode } from "../node";
import { key, leftBy } from "./fields";

const config = z
	.strictObject({
		values: z.record(key, z.unknown()).optional(),
		unset: z.array(key).optional(),
	})
	.refine(
		({ values, unset }) => values !== undefined || unset !== undefined,
		'expected "values" or "unset"',
	);

export class SetStateNode extends WorkflowNode {
	readonly metadata = {
		id: "set-state",
		name: "Set state",
		description: "Sets keys of the state to values, and takes away those of `unset`.",
		version: "1.0.0",
		edges: ["success"],
		config,
	};

	async execute(context: ExecutionContext, given: z.output<typeof config>): Promise<EdgeMap> {
		const { state } = context;
		for (const [name, value] of Object.entries(given.values ?? {})) {
			// What an expression does not find is null: undefined is no JSON.
			state[name] = value === undefined ? null : value;
		}
		for (const name of given.unset ?? []) delete state[name];
		return leftBy("success", context);
	}
}
