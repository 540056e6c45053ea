/** An instance as text: its heading, its steps, how it ended. */
import { isTerminal, type StepInfo, type WorkflowStatusResponse } from "../service-client/answers";
import { fields, table } from "./table";
import type { Terminal } from "./terminal";
import { brief, duration, jsonText, moment, momentFrom, paintStatus } from "./words";

type Instance = WorkflowStatusResponse;

export function instanceText(instance: Instance, terminal: Terminal, now: number): string {
	const steps = stepsText(instance.steps, terminal);
	return [heading(instance, terminal, now), steps, outcomeText(instance, terminal)]
		.filter((part) => part !== "")
		.join("\n\n");
}

export function heading(instance: Instance, { colors }: Terminal, now: number): string {
	const { id, type, version, status, reason, wakeAt, run, restartAttempt } = instance;
	const { createdAt, startedAt, completedAt, priority, attributes, metadata } = instance;
	const { progress, completedSteps, totalSteps, currentStep } = instance;
	const from = startedAt ?? createdAt;
	return fields([
		["Execution", colors.bold(id)],
		["Workflow", version === null ? type : `${type} (version ${version})`],
		["Status", paintStatus(colors, status)],
		["Reason", reason],
		[
			"Progress",
			progress === undefined
				? null
				: `${Math.round(progress)}%, ${completedSteps} of ${totalSteps} steps${currentStep ? `, at ${currentStep}` : ""}`,
		],
		["Wakes", wakeAt === null || isTerminal(status) ? null : momentFrom(wakeAt, now)],
		["Created", moment(createdAt)],
		["Started", startedAt === null ? null : moment(startedAt)],
		["Ended", completedAt === null ? null : moment(completedAt)],
		["Duration", duration((completedAt ?? now) - from)],
		["Run", run === 1 ? null : String(run)],
		["Restart attempt", restartAttempt === 0 ? null : String(restartAttempt)],
		["Priority", priority === 0 ? null : String(priority)],
		["Attributes", Object.keys(attributes).length === 0 ? null : pairs(attributes)],
		["Metadata", Object.keys(metadata).length === 0 ? null : brief(metadata)],
	]);
}

export function stepsText(steps: readonly StepInfo[], { colors, width }: Terminal): string {
	if (steps.length === 0) return "";
	return table(
		steps,
		[
			{
				head: "Step",
				cell: ({ key, parent }) => `${parent === undefined ? "" : "  "}${key}`,
				isFlexible: true,
			},
			{ head: "Kind", cell: ({ type, node }) => node ?? type },
			{ head: "Status", cell: ({ status }) => paintStatus(colors, status) },
			{ head: "Attempts", cell: ({ attempts }) => String(attempts), align: "right" },
			{ head: "Started", cell: ({ startedAt }) => moment(startedAt) },
			{
				head: "Took",
				cell: ({ startedAt, completedAt }) =>
					completedAt === null ? "" : duration(completedAt - startedAt),
			},
			{ head: "Result", cell: resultOf, isFlexible: true },
		],
		width,
	);
}

function resultOf({ error, result, resultOmitted, status }: StepInfo): string {
	if (error !== null) return error;
	if (resultOmitted) return "(too large)";
	return status === "completed" && result !== null ? brief(result) : "";
}

/** How it ended; "": it has not. */
export function outcomeText(instance: Instance, { colors }: Terminal): string {
	const { status, result, error, reason } = instance;
	if (!isTerminal(status)) return "";
	if (status === "completed") return `Result:\n${jsonText(result)}`;
	return colors.red(`${status}: ${error ?? reason ?? "no reason is given"}`);
}

/** `name=value`, with commas between. */
export function pairs(values: Readonly<Record<string, unknown>>): string {
	return Object.entries(values)
		.map(([name, value]) => `${name}=${brief(value, 40)}`)
		.join(", ");
}
