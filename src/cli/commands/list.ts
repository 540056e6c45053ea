/** `workflow list`: the workflows that there are. */
import { Command } from "@commander-js/extra-typings";
import { TYPE_STATUSES, type TypeInfo } from "../../service-client/answers";
import { example, formatOption, openSession, type Session } from "../session";
import { table } from "../table";
import { collectOf } from "../values";
import { momentOrNever } from "../words";

export const listCommand = () =>
	new Command("list")
		.alias("ls")
		.description("List all workflows")
		.option(
			"-s, --status <status>",
			`those that are ${TYPE_STATUSES.join(", ")} (archived ones are left out by default)`,
			collectOf(TYPE_STATUSES),
		)
		.addOption(formatOption("-f, --format <format>"))
		.addHelpText(
			"after",
			example("workflow list --status active", "workflow ls --format json | jq '.[].name'"),
		)
		.action(async ({ status }, command) => showTypes(openSession(command), status));

export async function showTypes(
	{ service, terminal, show }: Session,
	status?: readonly (typeof TYPE_STATUSES)[number][],
): Promise<void> {
	const types = await service.types(status);
	show(types, () =>
		types.length === 0 ? "There are no workflows." : typesText(types, terminal.width),
	);
}

function typesText(types: readonly TypeInfo[], width: number | undefined): string {
	const inStatus = (statuses: readonly (keyof TypeInfo["counts"])[]) => (type: TypeInfo) =>
		String(statuses.reduce((sum, status) => sum + type.counts[status], 0));
	return table(
		types,
		[
			{ head: "Name", cell: ({ name }) => name, isFlexible: true },
			{ head: "Status", cell: ({ status }) => status },
			{ head: "Executions", cell: ({ executionCount }) => String(executionCount), align: "right" },
			{
				head: "Open",
				cell: inStatus(["created", "running", "sleeping", "waiting", "paused", "panicked"]),
				align: "right",
			},
			{ head: "Failed", cell: inStatus(["errored", "timed_out"]), align: "right" },
			{ head: "Last execution", cell: ({ lastExecutionAt }) => momentOrNever(lastExecutionAt) },
			{ head: "Description", cell: ({ description }) => description ?? "", isFlexible: true },
		],
		width,
	);
}
