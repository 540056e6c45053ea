/** The catalogue of a registry: what its types say of themselves, without their code. */
import type { Catalogue, CatalogueEntry } from "../model/catalogue";
import { LIMITS } from "../model/limits";
import { inputJsonSchema } from "../model/standard-schema";
import type { ConcurrencyPolicy } from "../model/type-policy";
import { type Program, programsOf, type Registry } from "./program";

/**
 * @example
 * createApp({ types: catalogueOf(registry) });
 */
export function catalogueOf(registry: Registry): Catalogue {
	const programs = [...programsOf(registry).values()];
	return new Map(programs.map((program) => [program.type, catalogueEntry(program)]));
}

export function catalogueEntry(program: Program): CatalogueEntry {
	const { type, version, about, config, graph, payload } = program;
	return {
		type,
		version,
		about,
		config,
		graph,
		limits: {
			concurrency: program.concurrency && concurrencyLimits(program.concurrency),
			rate: program.rate,
			retentionMs: program.retentionMs ?? LIMITS.retentionMs,
			timeoutMs: program.timeoutMs,
			shards: program.shards,
		},
		// When it is asked for: a deployment has little time to start.
		inputSchema: () => (payload === null ? null : inputJsonSchema(payload)),
	};
}

function concurrencyLimits({ limit, keyLimit, maxQueued, releasesWhileParked }: ConcurrencyPolicy) {
	const whileParked = releasesWhileParked ? ("release" as const) : ("hold" as const);
	return { limit, keyLimit, maxQueued, whileParked };
}
