/**
 * The types that requests may name: those of the registry, in its order, and then those of which
 * definitions are stored, by name.
 */
import { definedTypes, getDefinition } from "../client/definitions";
import type { RunnerNamespace } from "../client/runner-client";
import type { Catalogue, CatalogueEntry } from "../model/catalogue";
import type { DefinitionFormat, DefinitionInfo } from "../model/definition";
import { ValidationError, WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { NO_CONFIG } from "../model/type-config";

export class ServiceTypes {
	/** Types that were there when they were asked for last; what becomes of one, its shard knows. */
	#defined: ReadonlySet<string> = new Set();

	constructor(
		readonly registry: Catalogue,
		/** Null: the service stores no definitions. */
		readonly format: DefinitionFormat | null,
	) {}

	async names(runners: RunnerNamespace): Promise<string[]> {
		const own = [...this.registry.keys()];
		if (this.format === null) return own;
		this.#defined = new Set(await definedTypes(runners));
		// One that a deploy has taken over is the registry's.
		return [...own, ...[...this.#defined].filter((type) => !this.registry.has(type))];
	}

	async has(runners: RunnerNamespace, type: string): Promise<boolean> {
		if (this.registry.has(type) || this.#defined.has(type)) return true;
		return this.format !== null && (await this.names(runners)).includes(type);
	}

	/** Undefined: there is no such type. */
	async entry(runners: RunnerNamespace, type: string): Promise<CatalogueEntry | undefined> {
		const own = this.registry.get(type);
		if (own !== undefined || this.format === null) return own;
		if (!(await this.has(runners, type))) return undefined;
		try {
			const stored = await getDefinition(runners, type);
			return entryIn(this.format, stored);
		} catch (error) {
			if (error instanceof WorkflowError && error.code === "DEFINITION_NOT_FOUND") return undefined;
			throw error;
		}
	}
}

/** A deploy may have taken a node away: then the type is there all the same, to be listed and archived. */
function entryIn(
	format: DefinitionFormat,
	{ type, version, description, ...stored }: DefinitionInfo & { text: string },
): CatalogueEntry {
	try {
		return format.entry(stored);
	} catch (error) {
		if (!(error instanceof ValidationError)) throw error;
		return {
			...{ type, version, config: NO_CONFIG, graph: null },
			about: { description, tags: [], metadata: null },
			limits: {
				...{ concurrency: null, rate: null, timeoutMs: null, shards: 1 },
				retentionMs: LIMITS.retentionMs,
			},
			inputSchema: () => null,
		};
	}
}
