/**
 * A graph definition: a workflow as JSON, and what the parser makes of it.
 *
 *   { "id": "order-approval", "name": "Order approval", "version": "1.0.0",
 *     "initialState": { "limit": 100 },
 *     "workflow": [
 *       { "condition": { "if": "input.total > limit",
 *           "true?": [{ "wait-event": { "event": "approval", "timeout?": { "fail": {} } } }, "charge"],
 *           "false?": "charge" } },
 *       { "http": { "$name": "charge", "url": "https://pay.example/charges", "error?": { "fail": { "message": "no charge" } } } },
 *       { "log": { "message": "charged {{ http_output.body.id }}" } } ] }
 *
 * - Each use of a node is a place. Its address is its path in the document, and the name of its step
 *   in the journal.
 * - Places of one list follow each other. Keys that end in `?` are edges: which way a place is left,
 *   its node decides. One that has no route for its edge is left to the next of its list.
 * - A route is the rest of its list: when it ends, so does the list that it left. A `loop?` route goes
 *   back to its place instead.
 * - A string names a place of the top list, by `$name` or by its node: a jump there, and the last of
 *   its route. Where there is none, it is a node without parameters.
 * - What a node is given is an object of parameters; anything else is the one that its `shorthand`
 *   names (`{ "log": "hello" }`).
 * - Only a `loop?` route may lead back to where the run has been. What comes back otherwise, as the
 *   branches of `parallel`, cannot be jumped out of.
 *
 * Beside these: `description`, `tags`, `metadata`, `input`, `settings` (`GraphSettings`), `$schema`.
 *
 * Or a list of steps one after the other, which are named by their ids:
 *
 *   { "name": "greet", "steps": [{ "id": "hello", "type": "log", "config": { "message": "Hello" } }],
 *     "retryConfig": { "maxAttempts": 3 }, "panicConfig": { "restartDelayMs": 5000 } }
 *
 * with `description`, and `id` and `version` where they are not the name and `1.0.0`.
 */

/** Plain JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What the parser makes of a definition. */
export interface GraphDefinition {
	/** The type. */
	readonly id: string;
	readonly name: string;
	/** `1.2.3` */
	readonly version: string;
	readonly about: {
		readonly description: string | null;
		readonly tags: readonly string[];
		readonly metadata: JsonObject | null;
	};
	readonly initialState: JsonObject;
	/** JSON Schema of the payload; null: any. */
	readonly input: JsonObject | null;
	readonly settings: GraphSettings;
	/** All of them, by address, in the order of the document. */
	readonly places: ReadonlyMap<string, Place>;
	/** The top list. */
	readonly start: readonly Stop[];
}

/** As the same options of a class are (`model/`); left out: the service's. */
export interface GraphSettings {
	readonly retry?: JsonObject;
	readonly panic?: JsonObject;
	readonly timeout?: string | number;
	readonly concurrency?: JsonObject;
	readonly rate?: JsonObject;
	readonly retention?: string | number;
	/** Of one place in one run; at most `LIMITS.graphIterations`, its default. */
	readonly maxIterations: number;
	/** Of all places in one run; at most `LIMITS.graphExecutions`, its default. */
	readonly maxExecutions: number;
}

export interface Place {
	/** Its path below `/workflow`, node included: `0/condition/true?/0/wait-event`. Of a list: its id. */
	readonly address: string;
	/** The node's id. */
	readonly node: string;
	/** Unique; by which a string route finds it. Null: by its node alone. */
	readonly name: string | null;
	/** Its parameters; strings may hold `{{ JSONata }}`. */
	readonly config: JsonObject;
	readonly options: PlaceOptions;
	/** By edge, without the `?`. */
	readonly edges: ReadonlyMap<string, Route>;
}

/** What any place may have beside its node's parameters, as `$retry`, `$timeout` and so on. */
export interface PlaceOptions {
	/** `{ limit, delay, backoff, maxDelay, jitter }` as `RetryOptions`, or `{ maxAttempts, backoffMs, exponentialBackoff }`. */
	readonly retry?: JsonObject;
	/** Of each attempt. */
	readonly timeout?: string | number;
	/** `CircuitBreakerConfig` of the fluent style. */
	readonly breaker?: JsonObject;
	/** What becomes of the state when the place has failed: back to what it was before the place, or to a snapshot. */
	readonly rollback?: true | string;
}

/** One after the other; a jump is the last. */
export type Route = readonly Stop[];

export type Stop = { readonly place: string } | { readonly jump: string };

/** What the parser asks of the nodes that there are. */
export interface KnownNodes {
	readonly ids: Iterable<string>;
	/** Undefined: there is no such node. */
	get(id: string): NodeShape | undefined;
}

/** What a definition may say of a node. */
export interface NodeShape {
	/** Edges that it may be left by; null: any. `error` is always one. */
	readonly edges: readonly string[] | null;
	/**
	 * Edges whose routes come back to their place; `loop` always does. `all`: any but `error`, and
	 * `done`, by which it is left when they have ended, as `parallel` is.
	 */
	readonly returning: readonly string[] | "all";
	/** The parameter that a value gives which is no object. Left out: its value is an object. */
	readonly shorthand?: string | undefined;
	/** Parameters that are JSONata where they are text. */
	readonly expressions?: readonly string[] | undefined;
	/** JSON Schema of its parameters, for editors. Left out: any. */
	readonly schema?: JsonObject | undefined;
	/** Faults of its parameters; those that hold `{{ … }}` are checked again when they are known. */
	check(config: JsonObject): { path: readonly (string | number)[]; message: string }[];
}
