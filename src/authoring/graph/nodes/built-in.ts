/** The nodes that each registry has. */
import type { NodeClass } from "../registry";
import { ConditionNode } from "./condition";
import { DelayNode } from "./delay";
import { FailNode } from "./fail";
import { httpNode } from "./http";
import type { HttpSettings } from "./http-access";
import { LogNode } from "./log";
import { LoopNode } from "./loop";
import { ParallelNode } from "./parallel";
import { SetStateNode } from "./set-state";
import { RollbackNode, SnapshotNode } from "./snapshots";
import { SubWorkflowNode } from "./sub-workflow";
import { SwitchNode } from "./switch";
import { TransformNode } from "./transform";
import { WaitEventNode } from "./wait-event";

export function builtIns(http: HttpSettings): readonly NodeClass[] {
	return [
		LogNode,
		DelayNode,
		httpNode(http),
		TransformNode,
		ConditionNode,
		SwitchNode,
		SetStateNode,
		SnapshotNode,
		RollbackNode,
		WaitEventNode,
		LoopNode,
		ParallelNode,
		SubWorkflowNode,
		FailNode,
	];
}
