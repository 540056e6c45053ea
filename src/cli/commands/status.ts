/** `workflow status`: of everything, of a workflow's executions, or of one. */
import { Command } from "@commander-js/extra-typings";
import {
	type IndexRow,
	WORKFLOW_STATUSES,
	type WorkflowStatus,
} from "../../service-client/answers";
import { instanceText, pairs } from "../details";
import { Ended, UsageError } from "../exit";
import { exitCodeOf, followToEnd } from "../follow";
import { example, formatOption, openSession, type Session } from "../session";
import { table } from "../table";
import { collectOf, collectTag, type Tags, tagQuery, wholeNumber } from "../values";
import { duration, moment, paintStatus } from "../words";
import { showTypes } from "./list";

export const statusCommand = () =>
	new Command("status")
		.description("Show an overview, the executions of a workflow, or one execution")
		.argument("[execution-id]", "one execution")
		.option("-w, --workflow <name>", "the executions of this workflow, the newest first")
		.option(
			"-s, --status <status>",
			"with --workflow: those in these",
			collectOf(WORKFLOW_STATUSES),
		)
		.option("--tag <name[=value]>", "with --workflow: those with this attribute", collectTag)
		.option("-n, --limit <count>", "with --workflow: so many", wholeNumber(1, 1_000), 20)
		.option("--follow", "show what happens until it ends; the exit code tells success from failure")
		.addOption(formatOption("-f, --format <format>"))
		.addHelpText(
			"after",
			example(
				"workflow status --workflow order --status errored",
				"workflow status abc123def-456-789 --follow",
			),
		)
		.action(async (id, options, command) => {
			const { workflow, follow = false, status, tag } = options;
			if (id !== undefined && workflow !== undefined) {
				throw new UsageError("Give an execution's id or --workflow, not both.");
			}
			if (follow && id === undefined) throw new UsageError("--follow needs an execution's id.");
			if (workflow === undefined && (status ?? tag) !== undefined) {
				throw new UsageError("--status and --tag need --workflow.");
			}
			const session = openSession(command);
			if (workflow !== undefined) return showExecutions(session, workflow, options);
			if (id === undefined) return showTypes(session);
			const { service, terminal, show } = session;
			const instance = follow ? await followToEnd(session, id) : await service.instance(id);
			show(instance, () => instanceText(instance, terminal, Date.now()));
			if (follow) throw new Ended(exitCodeOf(instance));
		});

interface ExecutionsFilter {
	status?: readonly WorkflowStatus[] | undefined;
	tag?: Tags | undefined;
	limit: number;
}

async function showExecutions(
	{ service, terminal, show }: Session,
	type: string,
	{ status, tag, limit }: ExecutionsFilter,
): Promise<void> {
	const filter = { status, tag: tagQuery(tag), limit };
	const { instances, nextCursor } = await service.listType(type, filter);
	show(instances, () =>
		instances.length === 0
			? `There are no such executions of ${type}.`
			: executionsText(instances, terminal),
	);
	if (nextCursor !== null) terminal.note("There are more: --limit shows up to 1000.");
}

function executionsText(rows: readonly IndexRow[], { colors, width }: Session["terminal"]): string {
	const hasAttributes = rows.some(({ attributes }) => attributes !== undefined);
	return table(
		rows,
		[
			{ head: "Execution", cell: ({ id }) => id, isFlexible: true },
			{ head: "Status", cell: ({ status }) => paintStatus(colors, status) },
			{ head: "Created", cell: ({ createdAt }) => moment(createdAt) },
			{ head: "Updated", cell: ({ updatedAt }) => moment(updatedAt) },
			{
				head: "Took",
				cell: ({ createdAt, updatedAt }) => duration(updatedAt - createdAt),
				align: "right",
			},
			...(hasAttributes
				? [
						{
							head: "Attributes",
							cell: ({ attributes }: IndexRow) => pairs(attributes ?? {}),
							isFlexible: true,
						},
					]
				: []),
		],
		width,
	);
}
