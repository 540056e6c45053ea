/** `workflow schedules`: executions that the clock starts. */
import { Command, Option } from "@commander-js/extra-typings";
import { OVERLAPS, type ScheduleDetails, type ScheduleInfo } from "../../service-client/answers";
import { example, formatOption, openSession } from "../session";
import { fields, table } from "../table";
import type { Terminal } from "../terminal";
import { readJson, wholeNumber } from "../values";
import { brief, count, moment, momentFrom } from "../words";

export const schedulesCommand = () =>
	new Command("schedules")
		.description("Executions that the clock starts")
		.addHelpText("after", example("workflow schedules create report '30 2 * * *' --name nightly"))
		.addCommand(listCommand(), { isDefault: true })
		.addCommand(showCommand())
		.addCommand(createCommand())
		.addCommand(changeCommand("pause", "Have its times pass without a start"))
		.addCommand(changeCommand("resume", "Have a paused schedule start executions again"))
		.addCommand(triggerCommand())
		.addCommand(deleteCommand());

function listCommand() {
	return new Command("list")
		.alias("ls")
		.description("List all schedules")
		.option("-w, --workflow <name>", "those of this workflow")
		.addOption(formatOption())
		.addHelpText("after", example("workflow schedules list --workflow report"))
		.action(async ({ workflow }, command) => {
			const { service, terminal, show } = openSession(command);
			const schedules = await service.schedules(workflow);
			show(schedules, () =>
				schedules.length === 0
					? "There are no schedules."
					: schedulesText(schedules, terminal.width),
			);
		});
}

function showCommand() {
	return new Command("show")
		.description("Show a schedule, its next times and its last runs")
		.argument("<schedule-id>", "<workflow>:<name>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow schedules show report:nightly"))
		.action(async (id, _options, command) => {
			const { service, terminal, show } = openSession(command);
			const schedule = await service.schedule(id);
			show(schedule, () => scheduleText(schedule, terminal));
		});
}

function createCommand() {
	return new Command("create")
		.description("Start executions of a workflow by the clock")
		.argument("<workflow>")
		.argument("<cron>", "minute, hour, day, month, weekday; a sixth field in front is the second")
		.option("--name <name>", "its name (default: default)")
		.option("--timezone <zone>", "as Europe/Berlin (default: UTC)")
		.option("-i, --input <json>", "the input of its executions; - reads stdin")
		.addOption(
			new Option(
				"--overlap <rule>",
				"what becomes of a run while the execution before has not ended",
			).choices(OVERLAPS),
		)
		.option("--catch-up <count>", "missed runs that are made up for", wholeNumber(0, 100))
		.option("--paused", "do not start yet")
		.addOption(formatOption())
		.addHelpText(
			"after",
			example(
				"workflow schedules create report '30 2 * * *' --name nightly --timezone Europe/Berlin",
			),
		)
		.action(async (type, cron, { input, ...options }, command) => {
			const { format: _, ...rest } = options;
			const payload = input === undefined ? {} : { payload: await readJson(input, "--input") };
			const { service, terminal, show } = openSession(command);
			const schedule = await service.createSchedule({ type, cron, ...rest, ...payload });
			show(schedule, () => scheduleText(schedule, terminal));
		});
}

function changeCommand(action: "pause" | "resume", description: string) {
	return new Command(action)
		.description(description)
		.argument("<schedule-id>", "<workflow>:<name>")
		.addOption(formatOption())
		.addHelpText("after", example(`workflow schedules ${action} report:nightly`))
		.action(async (id, _options, command) => {
			const { service, show } = openSession(command);
			const schedule = await service.changeSchedule(id, action);
			show(schedule, () => `${id} is ${schedule.paused ? "paused" : "active"}.`);
		});
}

function triggerCommand() {
	return new Command("trigger")
		.description("Start a run now, by the rule for overlaps")
		.argument("<schedule-id>", "<workflow>:<name>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow schedules trigger report:nightly"))
		.action(async (id, _options, command) => {
			const { service, show } = openSession(command);
			const run = await service.triggerSchedule(id);
			const why = run.reason === null ? "" : `: ${run.reason}`;
			show(run, () => `${run.outcome}${run.instanceId === null ? "" : ` ${run.instanceId}`}${why}`);
		});
}

function deleteCommand() {
	return new Command("delete")
		.description("Delete a schedule; its executions stay")
		.argument("<schedule-id>", "<workflow>:<name>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow schedules delete report:nightly"))
		.action(async (id, _options, command) => {
			const { service, show } = openSession(command);
			show(await service.deleteSchedule(id), () => `${id} is deleted.`);
		});
}

function schedulesText(schedules: readonly ScheduleInfo[], width: number | undefined): string {
	return table(
		schedules,
		[
			{ head: "Schedule", cell: ({ id }) => id, isFlexible: true },
			{ head: "Cron", cell: ({ cron }) => cron },
			{ head: "Timezone", cell: ({ timezone }) => timezone },
			{ head: "Overlap", cell: ({ overlap }) => overlap },
			{
				head: "Next",
				cell: ({ paused, nextAt }) =>
					paused ? "paused" : nextAt === null ? "none" : moment(nextAt),
			},
			{ head: "Queued", cell: ({ queued }) => String(queued), align: "right" },
			{ head: "Missed", cell: ({ missed }) => String(missed), align: "right" },
		],
		width,
	);
}

function scheduleText(schedule: ScheduleDetails, { width }: Terminal): string {
	const { id, cron, timezone, overlap, catchUp, paused, nextAt, nextRuns, runs, payload } =
		schedule;
	const about = fields([
		["Schedule", id],
		["Cron", `${cron} (${timezone})`],
		["Overlap", overlap],
		["Catch up", count(catchUp, "missed run")],
		["Input", payload === null || payload === undefined ? null : brief(payload)],
		["Next", paused ? "paused" : nextAt === null ? "none" : momentFrom(nextAt, Date.now())],
		["Then", nextRuns.slice(1, 4).map(moment).join(", ")],
	]);
	if (runs.length === 0) return about;
	const runsText = table(
		runs,
		[
			{ head: "Time", cell: ({ scheduledAt }) => moment(scheduledAt) },
			{ head: "Outcome", cell: ({ outcome }) => outcome },
			{ head: "Execution", cell: ({ instanceId }) => instanceId ?? "", isFlexible: true },
			{ head: "By", cell: ({ triggeredBy }) => triggeredBy ?? "the clock", isFlexible: true },
			{ head: "Reason", cell: ({ reason }) => reason ?? "", isFlexible: true },
		],
		width,
	);
	return `${about}\n\n${runsText}`;
}
