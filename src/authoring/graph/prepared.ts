/** A place as it is run: all that is known of it before a run, made when it is first needed. */
import type { StepOptions } from "../../engine/program";
import { type BreakerOptions, breakerPolicy } from "../../model/breaker";
import type { BreakerPolicy } from "../../model/breaker-rpc";
import { DEFAULT_RETRY_POLICY, type RetryOptions } from "../../model/retry";
import { isSchema, parseWith } from "../../model/standard-schema";
import { retryOptions } from "../configs";
import type { GraphDefinition, JsonObject, Place } from "./definition";
import { isRecoverable } from "./errors";
import type { NodeMetadata } from "./node";
import type { NodeRegistry } from "./registry";
import { type Parameters, parametersOf } from "./templates";
import type { Untyped } from "./untyped";

type Config = Readonly<Record<string, Untyped>>;

export class PreparedPlace {
	readonly metadata: NodeMetadata;
	readonly edges: readonly string[];
	/** Undefined: all is as the type or the instance says. */
	readonly options: StepOptions | undefined;
	readonly breaker: BreakerPolicy | undefined;
	readonly attemptsMax: number | null;
	/** The parameters, where nothing in them is to be evaluated; frozen, since all visits share them. */
	readonly fixed: Config | null;
	readonly #parameters: Parameters;

	/** @throws {WorkflowError} `NODE_NOT_FOUND`, `EXPRESSION_FAILED`, `VALIDATION_ERROR`. */
	constructor(
		readonly place: Place,
		definition: GraphDefinition,
		nodes: NodeRegistry,
	) {
		this.metadata = nodes.getMetadata(place.node);
		this.edges = [...place.edges.keys()];
		const { expressions } = this.metadata;
		const where = `the place "${place.address}"`;
		this.#parameters = parametersOf(place.config, { expressions, where });
		this.fixed = deepFreeze(this.#fixedConfig());
		const { breaker, timeout } = place.options;
		this.breaker =
			breaker === undefined
				? undefined
				: breakerPolicy(breaker as unknown as BreakerOptions, { where: `$breaker of ${where}` });
		const retries = this.#retries(definition);
		this.attemptsMax = retries === undefined ? null : (retries.limit ?? null);
		this.options =
			retries === undefined && timeout === undefined
				? undefined
				: {
						...(retries === undefined ? {} : { retries }),
						...(timeout === undefined ? {} : { timeout: timeout as number }),
					};
	}

	/**
	 * The parameters as the node is to have them.
	 *
	 * @throws {WorkflowError} `EXPRESSION_FAILED`; `VALIDATION_ERROR` for what the node's schema refuses.
	 */
	async config(scope: () => object, names?: readonly string[]): Promise<Config> {
		if (this.fixed !== null) return this.fixed;
		const rendered = await this.#parameters.render(scope(), names);
		const { config } = this.metadata;
		if (names !== undefined || !isSchema(config)) return rendered;
		return (await parseWith(config, rendered, `place "${this.place.address}"`)) as Config;
	}

	/** Known at once, and the same each time: so a replay waits no longer for them than the first pass. */
	#fixedConfig(): Config | null {
		const { fixed } = this.#parameters;
		const { config } = this.metadata;
		if (fixed === null || !isSchema(config)) return fixed;
		const result = config["~standard"].validate(fixed);
		// What is refused is refused in a step; a schema that needs time is asked there, too.
		return result instanceof Promise || result.issues !== undefined
			? null
			: (result.value as Config);
	}

	/** Of the place, or else of the definition, or else of the node. */
	#retries({ settings }: GraphDefinition): RetryOptions | undefined {
		const { retry: own } = this.place.options;
		const { retry: usual } = this.metadata;
		if (own === undefined && usual === undefined) return undefined;
		const given = [usual, jsonRetries(settings.retry), jsonRetries(own)];
		const merged: RetryOptions = Object.assign({}, ...given);
		const { retryOn, limit = DEFAULT_RETRY_POLICY.limit } = merged;
		return { ...merged, limit, retryOn: worthRetrying(retryOn) };
	}
}

function jsonRetries(options: JsonObject | undefined): RetryOptions | undefined {
	// The parser has checked them, in either form.
	return options && retryOptions(options as unknown as RetryOptions);
}

/** What the retries say, and never what fails the same way again. */
export function worthRetrying(retryOn: RetryOptions["retryOn"]): RetryOptions["retryOn"] {
	if (retryOn === undefined) return (error) => isRecoverable(error);
	if (typeof retryOn === "function") {
		return (error, attempt) => isRecoverable(error) && retryOn(error, attempt);
	}
	return (error) =>
		isRecoverable(error) && retryOn.some((name) => name === error.name || name === error.code);
}

function deepFreeze<T>(value: T): T {
	if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
		Object.freeze(value);
		for (const each of Object.values(value)) deepFreeze(each);
	}
	return value;
}
