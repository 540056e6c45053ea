/** Following a bulk job to its end. */
import type { BulkJob } from "../service-client/answers";
import { EXIT, type ExitCode } from "./exit";
import { live } from "./live";
import type { Session } from "./session";
import { fields } from "./table";
import { count, moment } from "./words";

const LOOK_MS = 300;

/** @throws {Ended} after Ctrl-C; the job goes on. */
export function followJob({ service, terminal }: Session, { id }: BulkJob): Promise<BulkJob> {
	const goOn = `The job goes on by itself. workflow bulk show ${id} tells how far it is; workflow bulk stop ${id} stops it.`;
	return live(terminal, goOn, async ({ signal, line }) => {
		for (;;) {
			const job = await service.job(id);
			if (job.status !== "running") return job;
			line(() => `${job.action}: ${progressOf(job)}`);
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
			signal.throwIfAborted();
		}
	});
}

export function jobText(job: BulkJob): string {
	const { id, action, status, dryRun, sample, errors, createdAt, completedAt, reason, actor } = job;
	const head = fields([
		["Job", id],
		["Action", dryRun ? `${action} (dry run: nothing is changed)` : action],
		["Workflows", job.filter.type.join(", ")],
		["Status", status],
		["Executions", progressOf(job)],
		["Created", `${moment(createdAt)} by ${actor}`],
		["Ended", completedAt === null ? null : moment(completedAt)],
		["Reason", reason],
	]);
	const more = job.matched > sample.length ? [`… and ${job.matched - sample.length} more`] : [];
	const named = sample.length === 0 ? [] : ["", ...[...sample, ...more].map((id) => `  ${id}`)];
	const failed = errors.map(({ id, code, message }) => `  ${id}: ${message} (${code})`);
	return [head, ...named, ...(failed.length === 0 ? [] : ["", "Failed:", ...failed])].join("\n");
}

function progressOf({ dryRun, matched, succeeded, skipped, failed }: BulkJob): string {
	if (dryRun) return `${count(matched, "execution")} would be changed`;
	return `${succeeded} changed, ${skipped} skipped, ${failed} failed`;
}

export function jobExitCode({ failed, status }: BulkJob): ExitCode {
	return failed === 0 && status !== "stopped" ? EXIT.ok : EXIT.failed;
}
