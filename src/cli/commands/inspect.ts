/** `workflow inspect`: everything about one execution, and why it is not moving. */
import { Command } from "@commander-js/extra-typings";
import {
	type Graph,
	INCLUDES,
	type LogLineInfo,
	type TypeInfo,
	type WorkflowStatusResponse,
} from "../../service-client/answers";
import { ServiceError } from "../../service-client/faults";
import { heading, outcomeText, stepsText } from "../details";
import { example, formatOption, openSession } from "../session";
import { table } from "../table";
import type { Terminal } from "../terminal";
import { whyNotMoving } from "../why";
import { brief, count, jsonText, moment, momentFrom, paintStatus } from "../words";

interface Found {
	instance: WorkflowStatusResponse;
	/** Null: they cannot be had, since a deploy took its type away, or there is no graph. */
	type: TypeInfo | null;
	graph: Graph | null;
	why: string[];
}

export const inspectCommand = () =>
	new Command("inspect")
		.description("Show everything about an execution, and why it is not moving")
		.argument("<execution-id>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow inspect order-17"))
		.action(async (id, _options, command) => {
			const { service, terminal, show } = openSession(command);
			const instance = await service.instance(id, { include: INCLUDES });
			const [type, graph] = await Promise.all([
				orNull(service.type(instance.type)),
				orNull(service.graph(instance.type)),
			]);
			const now = Date.now();
			const why = whyNotMoving(instance, { type, now });
			show({ ...instance, why, graph }, () =>
				inspectionText({ instance, type, graph, why }, terminal, now),
			);
		});

/** What is refused is not there for us. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
	try {
		return await asked;
	} catch (error) {
		if (error instanceof ServiceError && error.status < 500) return null;
		throw error;
	}
}

function inspectionText(
	{ instance, type, graph, why }: Found,
	terminal: Terminal,
	now: number,
): string {
	const { colors, width } = terminal;
	const { payload, steps, errors = [], errorsOmitted = 0, runs = [], audit = [] } = instance;
	const sections: [title: string, body: string][] = [
		["", heading(instance, terminal, now)],
		["Why", why.map((sentence) => `- ${sentence}`).join("\n")],
		["Input", jsonText(payload)],
		["Outcome", outcomeText(instance, terminal)],
		["Steps", stepsText(steps, terminal)],
		["Ahead", aheadText(instance, graph)],
		["Timers", timersText(instance, now)],
		["Failed attempts", errorsText(errors, errorsOmitted, width)],
		["Events", eventsText(instance, width)],
		["Asked from outside", auditText(audit, width)],
		["Earlier runs", runsText(runs, terminal)],
		["Receivers", receiversText(instance, width)],
		["Log", logText(instance.logs?.lines ?? [], instance.id)],
		["Workflow", type === null ? "" : typeText(type)],
	];
	return sections
		.filter(([, body]) => body !== "")
		.map(([title, body]) => (title === "" ? body : `${colors.bold(title)}\n${body}`))
		.join("\n\n");
}

/** Of types with a graph: the steps that have not begun. */
function aheadText({ steps, status }: WorkflowStatusResponse, graph: Graph | null): string {
	if (graph === null || status === "completed") return "";
	const begun = new Set(steps.map(({ name }) => name));
	const ahead = graph.nodes.filter(({ id, isStep = true }) => isStep && !begun.has(id));
	return ahead.map(({ id, kind }) => `${id} (${kind})`).join(", ");
}

function timersText({ steps, wakeAt, status }: WorkflowStatusResponse, now: number): string {
	const timers = steps.flatMap(({ key, status, wakeAt }) =>
		wakeAt === null ? [] : [`${key}: ${status} until ${momentFrom(wakeAt, now)}`],
	);
	if (timers.length === 0 && wakeAt !== null) return `${status} until ${momentFrom(wakeAt, now)}`;
	return timers.join("\n");
}

function errorsText(
	errors: NonNullable<WorkflowStatusResponse["errors"]>,
	omitted: number,
	width: number | undefined,
): string {
	if (errors.length === 0) return "";
	const text = table(
		errors,
		[
			{ head: "At", cell: ({ at }) => moment(at) },
			{ head: "Run", cell: ({ run }) => String(run), align: "right" },
			{ head: "Step", cell: ({ step }) => step ?? "(between steps)", isFlexible: true },
			{ head: "Attempt", cell: ({ attempt }) => String(attempt ?? ""), align: "right" },
			{
				head: "Error",
				cell: ({ isPanic, error }) => (isPanic ? `panic: ${error}` : error),
				isFlexible: true,
			},
		],
		width,
	);
	return omitted === 0 ? text : `${omitted} older ones are left out.\n${text}`;
}

/** Those that came, and which step took them. */
function eventsText({ audit = [] }: WorkflowStatusResponse, width: number | undefined): string {
	const events = audit.filter(({ action }) => action === "event");
	if (events.length === 0) return "";
	return table(
		events,
		[
			{ head: "At", cell: ({ at }) => moment(at) },
			{ head: "Event", cell: ({ detail }) => String(detail?.event), isFlexible: true },
			{
				head: "Taken by",
				cell: ({ detail }) => (detail?.step ? String(detail.step) : "nobody yet: it is kept"),
				isFlexible: true,
			},
			{ head: "From", cell: ({ actor }) => actor, isFlexible: true },
		],
		width,
	);
}

function auditText(
	audit: NonNullable<WorkflowStatusResponse["audit"]>,
	width: number | undefined,
): string {
	const asked = audit.filter(({ action }) => action !== "event");
	if (asked.length === 0) return "";
	return table(
		asked,
		[
			{ head: "At", cell: ({ at }) => moment(at) },
			{ head: "Action", cell: ({ action }) => action },
			{ head: "Who", cell: ({ actor }) => actor, isFlexible: true },
			{ head: "Why", cell: ({ reason }) => reason ?? "", isFlexible: true },
			{
				head: "What",
				cell: ({ detail }) => (detail === null ? "" : brief(detail)),
				isFlexible: true,
			},
		],
		width,
	);
}

function runsText(
	runs: NonNullable<WorkflowStatusResponse["runs"]>,
	{ colors, width }: Terminal,
): string {
	if (runs.length === 0) return "";
	return table(
		runs,
		[
			{ head: "Run", cell: ({ run }) => String(run), align: "right" },
			{ head: "Status", cell: ({ status }) => paintStatus(colors, status) },
			{ head: "Started", cell: ({ startedAt }) => (startedAt === null ? "" : moment(startedAt)) },
			{
				head: "Ended",
				cell: ({ completedAt }) => (completedAt === null ? "" : moment(completedAt)),
			},
			{ head: "Error", cell: ({ error, reason }) => error ?? reason ?? "", isFlexible: true },
		],
		width,
	);
}

function receiversText({ deliveries }: WorkflowStatusResponse, width: number | undefined): string {
	if (deliveries === undefined || deliveries.receivers.length === 0) return "";
	const text = table(
		deliveries.receivers,
		[
			{ head: "Receiver", cell: ({ receiver, url }) => url ?? receiver, isFlexible: true },
			{
				head: "State",
				cell: ({ isDown, isBehind }) => (isDown ? "down" : isBehind ? "behind" : "told"),
			},
			{ head: "Attempts", cell: ({ attempts }) => String(attempts), align: "right" },
			{ head: "Error", cell: ({ error }) => error ?? "", isFlexible: true },
		],
		width,
	);
	const dead = deliveries.deadLetters.length + deliveries.deadLettersOmitted;
	return dead === 0 ? text : `${text}\n${dead} events could not be delivered.`;
}

const LOG_LINES = 10;

function logText(lines: readonly LogLineInfo[], id: string): string {
	const shown = lines.slice(-LOG_LINES).map(({ at, level, message }) => {
		return `${moment(at)} ${level.padEnd(5)} ${message}`;
	});
	if (lines.length > LOG_LINES) shown.unshift(`… workflow logs ${id} has all of it.`);
	return shown.join("\n");
}

function typeText({ name, status, limits, guard, executionCount }: TypeInfo): string {
	const { held, queued } = guard;
	const slots =
		limits.concurrency === null && guard.limits.limit === null
			? ""
			: `, ${held} at work, ${queued} in the queue`;
	return `${name}: ${status}, ${count(executionCount, "execution")} in all${slots}`;
}
