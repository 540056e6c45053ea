/** `workflow bulk`: one change to all executions that a filter means. */
import { Argument, Command } from "@commander-js/extra-typings";
import { BULK_ACTIONS, WORKFLOW_STATUSES } from "../../service-client/answers";
import { Ended, UsageError } from "../exit";
import { followJob, jobExitCode, jobText } from "../jobs";
import { example, formatOption, openSession } from "../session";
import { collect, collectOf, collectTag, readJson } from "../values";

export const bulkCommand = () =>
	new Command("bulk")
		.description("Change all executions that a filter means, as a job that survives a crash")
		.addHelpText(
			"after",
			example("workflow bulk run pause --workflow order --dry-run", "workflow bulk show <job>"),
		)
		.addCommand(runCommand())
		.addCommand(showCommand())
		.addCommand(stopCommand());

function runCommand() {
	return new Command("run")
		.description("Begin a job, and follow it to its end")
		.addArgument(new Argument("<action>", "what to do to each").choices(BULK_ACTIONS))
		.option("-w, --workflow <name>", "executions of these workflows", collect)
		.option("-s, --status <status>", "those in these statuses", collectOf(WORKFLOW_STATUSES))
		.option("--tag <name[=value]>", "those with this attribute; may be repeated", collectTag)
		.option("--id-prefix <text>", "those whose ids begin so")
		.option("--created-after <time>", "ISO 8601 with a time zone")
		.option("--created-before <time>", "ISO 8601 with a time zone")
		.option("--updated-after <time>", "ISO 8601 with a time zone")
		.option("--updated-before <time>", "ISO 8601 with a time zone")
		.option("--event <name>", "for send-event: the event's name")
		.option("--payload <json>", "for send-event: its payload; - reads stdin")
		.option("--reason <text>", "for the audit")
		.option("--dry-run", "count what would be changed, and change nothing")
		.option("--no-wait", "begin the job, and do not follow it")
		.addOption(formatOption())
		.addHelpText(
			"after",
			example(
				"workflow bulk run restart --workflow order --status errored --reason 'the bank is back'",
				"workflow bulk run send-event --tag customer=c-17 --event cancelled",
			),
		)
		.action(async (action, options, command) => {
			const { workflow: type, status, tag, idPrefix, reason, dryRun, wait } = options;
			const { createdAfter, createdBefore, updatedAfter, updatedBefore } = options;
			if ((options.event ?? options.payload) !== undefined && action !== "send-event") {
				throw new UsageError("--event and --payload are for send-event.");
			}
			const times = { createdAfter, createdBefore, updatedAfter, updatedBefore };
			const filter = { type, status, idPrefix, attributes: tag, ...times };
			const event = await eventOf(options);
			const session = openSession(command);
			const begun = await session.service.bulk({ action, filter, event, dryRun, reason });
			if (!wait) {
				session.show(begun, () => jobText(begun));
				session.terminal.note(`workflow bulk show ${begun.id} tells how far it is.`);
				return;
			}
			const job = await followJob(session, begun);
			session.show(job, () => jobText(job));
			throw new Ended(jobExitCode(job));
		});
}

function showCommand() {
	return new Command("show")
		.description("Show how far a job is")
		.argument("<job>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow bulk show 6f1c…"))
		.action(async (id, _options, command) => {
			const { service, show } = openSession(command);
			const job = await service.job(id);
			show(job, () => jobText(job));
		});
}

function stopCommand() {
	return new Command("stop")
		.description("Stop a job: what was under way is finished")
		.argument("<job>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow bulk stop 6f1c…"))
		.action(async (id, _options, command) => {
			const { service, show } = openSession(command);
			const job = await service.stopJob(id);
			show(job, () => jobText(job));
		});
}

async function eventOf({
	event: name,
	payload,
}: {
	event?: string | undefined;
	payload?: string | undefined;
}): Promise<{ name: string; payload?: unknown } | undefined> {
	if (name === undefined) {
		if (payload === undefined) return undefined;
		throw new UsageError("--payload needs --event, the name of the event.");
	}
	return payload === undefined ? { name } : { name, payload: await readJson(payload, "--payload") };
}
