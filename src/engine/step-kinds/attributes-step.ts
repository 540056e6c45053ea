/** `step.setAttributes`: changes what the instance is found by, once, however often it is replayed. */
import type { AttributeChanges } from "../../model/attributes";
import { encodeThrown } from "../../model/error-record";
import type { StepHost } from "./step-host";

export function openAttributes(host: StepHost, key: string, changes: AttributeChanges): void {
	const { journal, ports } = host;
	if (journal.get(key) !== undefined) return;
	const now = ports.clock.now();
	const end = {
		key,
		kind: "set_attributes",
		attempts: 0,
		startedAt: now,
		completedAt: now,
	} as const;
	try {
		host.changeAttributes(changes);
		journal.settle({ ...end, status: "completed" });
	} catch (error) {
		// There would be too many: the program may catch that, and does so on every replay.
		journal.settle({ ...end, status: "failed", error: encodeThrown(error) });
	}
	host.recorded();
}
