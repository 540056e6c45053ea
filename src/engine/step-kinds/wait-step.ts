/**
 * `step.waitForEvent`: takes a buffered event, or leaves a row that the delivery of one completes
 * and whose due time is the wait's timeout.
 */
import type { StepRow } from "../../db/instance-store";
import { encodeThrown } from "../../model/error-record";
import { EventTimeoutError } from "../../model/errors";
import type { Journal } from "../journal";
import type { StepHost } from "./step-host";

export interface WaitSettings {
	event: string;
	timeoutMs: number | null;
}

export function openWait(host: StepHost, key: string, { event, timeoutMs }: WaitSettings): void {
	const { journal } = host;
	if (journal.get(key) !== undefined) return;
	const now = host.ports.clock.now();
	if (!journal.takeBuffered(key, event, now)) {
		const wakeAt = timeoutMs === null ? null : now + timeoutMs;
		journal.suspend({
			key,
			kind: "wait_for_event",
			status: "waiting",
			attempts: 0,
			event,
			startedAt: now,
			wakeAt,
		});
	}
	host.recorded();
}

/** Ends a wait whose timeout has come. */
export function timeOutWait(journal: Journal, row: StepRow, now: number): void {
	const waited = (row.wakeAt ?? now) - row.startedAt;
	journal.settle({
		key: row.key,
		kind: row.kind,
		status: "failed",
		attempts: 0,
		error: encodeThrown(
			new EventTimeoutError(
				`No event "${row.event}" came within ${waited} ms (step "${row.key}").`,
			),
		),
		startedAt: row.startedAt,
		completedAt: now,
	});
}
