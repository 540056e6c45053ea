/** Following an instance to its end, with what happens to it on stderr. */
import { isTerminal, type WorkflowStatusResponse } from "../service-client/answers";
import { EXIT, type ExitCode } from "./exit";
import { live } from "./live";
import type { Session } from "./session";
import { TRACKED, Tracking, trackingLine } from "./tracking";
import { momentFrom } from "./words";

/** Statuses in which it moves by itself at a moment that only its status tells. */
const TIMED = ["sleeping", "panicked", "created"];

/** Answers with how it ended. @throws {Ended} after Ctrl-C; the instance is left as it is. */
export function followToEnd(
	{ service, terminal }: Session,
	id: string,
): Promise<WorkflowStatusResponse> {
	const goOn = `${id} goes on by itself. workflow status ${id} --follow follows it again.`;
	return live(terminal, goOn, async ({ signal, line, say }) => {
		const begun = await service.instance(id, { steps: false });
		if (isTerminal(begun.status)) return service.instance(id);
		const tracking = new Tracking(begun);
		const since = begun.startedAt ?? begun.createdAt;
		let wakeAt = begun.wakeAt;
		let lost = "";
		line(() => {
			const now = Date.now();
			const wakes =
				wakeAt !== null && TIMED.includes(tracking.status)
					? `  until ${momentFrom(wakeAt, now)}`
					: "";
			return `${trackingLine(tracking, { id, elapsedMs: now - since })}${wakes}${lost}`;
		});
		const onLost = (error: Error) => {
			if (lost === "") say(`${error.message} Trying again …`);
			lost = "  (not connected)";
		};
		for await (const event of service.follow(id, { events: TRACKED, signal, onLost })) {
			lost = "";
			const said = tracking.take(event);
			if (said !== undefined) say(said);
			if (event.name === "workflow.status" && TIMED.includes(tracking.status)) {
				wakeAt = (await service.instance(id, { steps: false })).wakeAt;
			}
		}
		signal.throwIfAborted();
		return service.instance(id);
	});
}

/** 0 for an instance that completed. */
export function exitCodeOf({ status }: WorkflowStatusResponse): ExitCode {
	return status === "completed" ? EXIT.ok : EXIT.failed;
}
