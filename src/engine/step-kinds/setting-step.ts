/**
 * `step.setAttributes` and `step.setMetadata`: change what the instance's row says of it, once,
 * however often the step is replayed.
 */
import type { WorkflowRow } from "../../db/instance-store";
import {
	type AttributeChanges,
	attributesOf,
	attributesText,
	withAttributes,
} from "../../model/attributes";
import type { Encoded } from "../../model/codec";
import { encodeThrown } from "../../model/error-record";
import { withMetadata } from "../../model/metadata";
import type { StepHost } from "./step-host";

export type Setting =
	| { kind: "set_attributes"; changes: AttributeChanges }
	| { kind: "set_metadata"; changes: Encoded };

export function openSetting(host: StepHost, key: string, setting: Setting): void {
	const { journal, ports } = host;
	if (journal.get(key) !== undefined) return;
	const now = ports.clock.now();
	const end = { key, kind: setting.kind, attempts: 0, startedAt: now, completedAt: now };
	try {
		host.change(setting);
		journal.settle({ ...end, status: "completed" });
	} catch (error) {
		// There would be too many: the program may catch that, and does so on every replay.
		journal.settle({ ...end, status: "failed", error: encodeThrown(error) });
	}
	host.recorded();
}

/** What a setting makes of a row. @throws {WorkflowError} for too many, or too large. */
export function rowWith(row: WorkflowRow, setting: Setting): Partial<WorkflowRow> {
	switch (setting.kind) {
		case "set_attributes": {
			const attributes = withAttributes(attributesOf(row.attributes), setting.changes);
			return { attributes: attributesText(attributes) };
		}
		case "set_metadata":
			return { metadata: withMetadata(row.metadata, setting.changes) };
	}
}
