/** `snapshot` and `rollback`: the state is kept under a name, and set back to what was kept. */
import * as z from "zod";
import { WorkflowError } from "../../../model/errors";
import { shortened } from "../../../model/printable";
import { type EdgeMap, type ExecutionContext, WorkflowNode } from "../node";
import { SUFFIX } from "../outcome";
import type { MarkedContext } from "../place-step";
import { leftBy } from "./fields";

const name = z
	.string()
	.min(1)
	.max(200)
	.refine((text) => !text.endsWith(SUFFIX.snapshot), `does not end with "${SUFFIX.snapshot}"`);
const snapshot = z.strictObject({ name });
const rollback = z.strictObject({ to: name });

export class SnapshotNode extends WorkflowNode {
	readonly metadata = {
		id: "snapshot",
		name: "Snapshot",
		description: "Keeps the state under a name, to roll back to.",
		version: "1.0.0",
		shorthand: "name",
		edges: ["success"],
		config: snapshot,
	};

	async execute(context: ExecutionContext, given: z.output<typeof snapshot>): Promise<EdgeMap> {
		(context as MarkedContext).marks.snapshot = given.name;
		return leftBy("success", context);
	}
}

export class RollbackNode extends WorkflowNode {
	readonly metadata = {
		id: "rollback",
		name: "Rollback",
		description: "Sets the state back to a snapshot.",
		version: "1.0.0",
		shorthand: "to",
		edges: ["success"],
		config: rollback,
	};

	async execute(context: ExecutionContext, { to }: z.output<typeof rollback>): Promise<EdgeMap> {
		const { marks, hasSnapshot } = context as MarkedContext;
		if (!hasSnapshot(to)) {
			throw new WorkflowError(
				"SNAPSHOT_NOT_FOUND",
				`There is no snapshot "${shortened(to)}" to roll back to. Take it before, by a node "snapshot"; a run keeps the latest ones.`,
				{ snapshot: shortened(to) },
			);
		}
		marks.rollback = to;
		return leftBy("success", context);
	}
}
