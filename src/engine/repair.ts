/**
 * What an operator does to one step: gives a failed one a result, ends one that waits, wakes one
 * that sleeps or retries. Decides what is allowed; `Lifecycle` does it.
 */
import type { StepRow } from "../db/instance-store";
import { decode, type Encoded, encode } from "../model/codec";
import { WorkflowError } from "../model/errors";
import { hash53 } from "../model/hash";
import { LIMITS } from "../model/limits";
import type { RepairRequest } from "../model/rpc";
import { isTerminal, type WorkflowStatus } from "../model/status";
import type { Detail } from "./history";

/** What is to be done about the step. */
export type Repair =
	/** The run goes back to before the step's outcome, and has this one instead. */
	| { how: "replace"; keep: number; result: Encoded | undefined }
	| { how: "settle"; result: Encoded | undefined }
	| { how: "retry" };

/** @throws {WorkflowError} `STEP_NOT_REPAIRABLE`, saying what the action is for. */
export function planRepair(
	request: RepairRequest,
	row: StepRow,
	{ status, isInFlight, isPast }: { status: WorkflowStatus; isInFlight: boolean; isPast: boolean },
): Repair {
	const refuse = (expected: string): never => {
		const stands = isInFlight ? "running" : row.status;
		throw new WorkflowError(
			"STEP_NOT_REPAIRABLE",
			`"${request.action}" is for ${expected}; step "${row.key}" (${row.kind}) is ${stands}, in an instance that is ${status}.`,
			{ step: row.key, stepStatus: stands, status },
		);
	};
	const givesResult = request.action === "set-output" || request.action === "skip";
	if (givesResult && row.status === "failed" && row.outcome !== null) {
		// The run cannot go back into the middle of a handler.
		if (row.parent !== null)
			return refuse(`a step that no handler asked for ("${row.parent}" did)`);
		return { how: "replace", keep: row.outcome - 1, result: request.output };
	}
	const isOpen = row.outcome === null && !isPast && !isInFlight && !isTerminal(status);
	switch (request.action) {
		case "set-output":
			return refuse("a step that has failed");
		case "skip":
			return isOpen
				? { how: "settle", result: request.output }
				: refuse("a step that has failed, or that waits, sleeps or waits for a retry");
		case "fire-sleep":
			return isOpen && row.kind === "sleep"
				? { how: "settle", result: undefined }
				: refuse("a sleep that has not ended");
		case "retry-now":
			return isOpen && row.status === "retrying"
				? { how: "retry" }
				: refuse("a step that waits for its next attempt");
	}
}

/** What the audit keeps of an output: the step has the value. */
export function outputDetail(output: Encoded | undefined): Detail {
	return output === undefined
		? {}
		: { outputHash: hash53(encode(decode(output), "the output", LIMITS.valueBytes)) };
}
