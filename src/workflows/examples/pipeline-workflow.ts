/**
 * A data pipeline: a fan-out over a list in parallel, in a loop with a sleep between its rounds.
 * A record that cannot be processed is reported and does not stop the others.
 */
import { BaseWorkflow, type Duration, type Step } from "../../library";

interface PipelinePayload {
	/** Texts to process. */
	records: string[];
	/** How often the list is gone over; default 1. */
	rounds?: number;
	/** Between two rounds; default one second. */
	pause?: Duration;
}

interface PipelineResult {
	rounds: number;
	words: number;
	failed: string[];
}

export class PipelineWorkflow extends BaseWorkflow<PipelinePayload, PipelineResult> {
	static type = "pipeline" as const;
	static defaults = { retries: { limit: 2, delay: "100ms" } };

	async run(step: Step, payload: PipelinePayload): Promise<PipelineResult> {
		const { records, rounds = 1, pause = "1s" } = payload;
		const result: PipelineResult = { rounds, words: 0, failed: [] };
		for (let round = 1; round <= rounds; round++) {
			if (round > 1) await step.sleep("pause", pause);
			// The same names in each round: the journal numbers them (`record 0#2`).
			const counts = await Promise.allSettled(
				records.map((record, index) => step.do(`record ${index}`, () => countWords(record))),
			);
			for (const [index, count] of counts.entries()) {
				if (count.status === "fulfilled") result.words += count.value;
				else result.failed.push(`round ${round}, record ${index}: ${count.reason.message}`);
			}
		}
		return result;
	}
}

async function countWords(record: string): Promise<number> {
	const words = record.split(/\s+/).filter((word) => word !== "");
	if (words.length === 0) throw new Error("the record is empty");
	return words.length;
}
