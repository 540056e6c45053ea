/** `step.sleep` and `step.sleepUntil`: a due time in a row, stored at the first call (G9). */
import type { StepHost } from "./step-host";

export function openSleep(host: StepHost, key: string, wakeAt: number): void {
	const { journal } = host;
	if (journal.get(key) !== undefined) return;
	const now = host.ports.clock.now();
	if (wakeAt <= now) {
		journal.settle({
			key,
			kind: "sleep",
			status: "completed",
			attempts: 0,
			startedAt: now,
			completedAt: now,
		});
	} else {
		journal.suspend({
			key,
			kind: "sleep",
			status: "sleeping",
			attempts: 0,
			startedAt: now,
			wakeAt,
		});
	}
	host.recorded();
}
