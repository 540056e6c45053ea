/** Programs for the engine, of types that declare nothing; their instances are kept for ever. */
import type { Program } from "../../src/engine/program";
import { DEFAULT_PANIC_POLICY } from "../../src/model/panic";
import { DEFAULT_RETRY_POLICY } from "../../src/model/retry";
import { NO_CONFIG } from "../../src/model/type-config";

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
		config: NO_CONFIG,
		panic: DEFAULT_PANIC_POLICY,
		about: { description: null, tags: [], metadata: null },
		concurrency: null,
		rate: null,
		retentionMs: 0,
		webhooks: null,
		handlers: [],
		shards: 1,
		graph: null,
		isInline: false,
		inspect: null,
		run,
		...declared,
	};
}
