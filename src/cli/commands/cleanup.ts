/** `workflow cleanup`: forgets executions that ended long ago. */
import { Command } from "@commander-js/extra-typings";
import { isTerminal, WORKFLOW_STATUSES, type WorkflowStatus } from "../../service-client/answers";
import { Ended } from "../exit";
import { followJob, jobExitCode, jobText } from "../jobs";
import { example, formatOption, openSession } from "../session";
import { collect, collectOf, wholeNumber } from "../values";

const ENDED = WORKFLOW_STATUSES.filter(isTerminal);
/** The developer guide's word for what went wrong. */
const FAILED = "failed";

export const cleanupCommand = () =>
	new Command("cleanup")
		.description("Remove executions that ended long ago")
		.option(
			"--older-than <days>",
			"those that ended at least so many days ago",
			wholeNumber(0, 3_650),
			30,
		)
		.option(
			"--status <status>",
			`those that ended as ${ENDED.join(", ")}, or "failed": errored or timed out (default: all)`,
			collectOf([...ENDED, FAILED]),
		)
		.option("-w, --workflow <name>", "those of these workflows (default: all)", collect)
		.option("--dry-run", "show what would be removed, and remove nothing")
		.option("--reason <text>", "for the audit")
		.addOption(formatOption())
		.addHelpText(
			"after",
			example(
				"workflow cleanup --older-than 7 --dry-run",
				"workflow cleanup --status failed --older-than 7",
			),
		)
		.action(async ({ olderThan, status, workflow: type, dryRun, reason }, command) => {
			const session = openSession(command);
			const begun = await session.service.cleanup({
				...{
					olderThan: `${olderThan}d`,
					status: status?.flatMap(statusesOf),
					type,
					dryRun,
					reason,
				},
			});
			const job = await followJob(session, begun);
			session.show(job, () => jobText(job));
			throw new Ended(jobExitCode(job));
		});

function statusesOf(word: WorkflowStatus | typeof FAILED): WorkflowStatus[] {
	return word === FAILED ? ["errored", "timed_out"] : [word];
}
