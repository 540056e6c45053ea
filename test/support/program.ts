/** Programs for the engine, as a style makes them of a type that declares nothing. */
import type { Program } from "../../src/engine/program";
import { DEFAULT_RETRY_POLICY } from "../../src/model/retry";

export function programOf(
	run: Program["run"],
	declared: Pick<Program, "type"> & Partial<Program>,
): Program {
	return {
		version: null,
		retry: { ...DEFAULT_RETRY_POLICY },
		stepTimeoutMs: null,
		timeoutMs: null,
		events: null,
		payload: null,
		onNonDeterminism: "pause",
		about: { description: null, tags: [], metadata: null },
		concurrency: null,
		rate: null,
		retentionMs: null,
		shards: 1,
		run,
		...declared,
	};
}
