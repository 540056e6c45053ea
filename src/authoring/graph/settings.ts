/**
 * What a definition may set: for the type (`settings`), for a place (`$retry`, `$timeout`, …), and
 * what it says of itself. Each field is checked by the model's own parser.
 */
import { type BreakerOptions, breakerPolicy } from "../../model/breaker";
import { durationMs } from "../../model/duration";
import { parseTypeName } from "../../model/ids";
import { LIMITS } from "../../model/limits";
import { wholeNumber } from "../../model/options";
import { type PanicOptions, panicPolicy } from "../../model/panic";
import { type RetryOptions, retryPolicy } from "../../model/retry";
import {
	type ConcurrencyOptions,
	concurrencyPolicy,
	type RateOptions,
	ratePolicy,
} from "../../model/type-policy";
import {
	type Issue as DottedIssue,
	isPanicConfig,
	isRetryConfig,
	panicIssues,
	retryIssues,
} from "../configs";
import type { Json, JsonObject } from "./definition";
import { bytesOf } from "./document";
import {
	expectedIssue,
	type Field,
	type Fields,
	isObject,
	issuesOf,
	OBJECT,
	optionIssues,
	TEXT,
} from "./fields";
import { inputSchema } from "./input-schema";

const NAME = "[a-zA-Z0-9_-]+";
const CONFIGS = { retry: "retryConfig", panic: "panicConfig" };

const whole = (minimum: number, maximum: number) => ({ type: "integer", minimum, maximum });
const strings = { type: "array", items: { type: "string" } };
const durationSchema = {
	type: ["string", "number"],
	minimum: 0,
	maximum: LIMITS.durationMs,
	description: 'A number of milliseconds, or a text: "500ms", "30s", "5m", "24h", "7d".',
};
const optionsSchema = (properties: JsonObject, required: string[] = []): JsonObject => ({
	type: "object",
	properties,
	required,
	additionalProperties: false,
});

const retryConfigSchema: JsonObject = {
	maxAttempts: whole(1, 10),
	backoffMs: { type: "integer", minimum: 0 },
	exponentialBackoff: { type: "boolean" },
};
const panicConfigSchema: JsonObject = {
	maxRestartAttempts: whole(1, 5),
	restartDelayMs: { type: "integer", minimum: 1_000 },
	enableAutoRestart: { type: "boolean" },
};

const duration = (what: string): Field => ({
	schema: durationSchema,
	issues: (value) => issuesOf(() => durationMs(value, what)),
});

const count = (what: string, max: number): Field => ({
	schema: whole(1, max),
	issues: (value) => issuesOf(() => wholeNumber(value, what, { min: 1, max })),
});

/** Text of a form, which `expected` describes. */
const text = (pattern: string, lengthMax: number, expected: string): Field => ({
	schema: { type: "string", pattern: `^${pattern}$`, maxLength: lengthMax },
	issues: (value) =>
		typeof value === "string" && value.length <= lengthMax && RegExp(`^${pattern}$`).test(value)
			? []
			: [expectedIssue(expected, value)],
});

/** In the form of `RetryOptions`, or as `RetryConfig`. */
const retry: Field = {
	schema: {
		anyOf: [
			optionsSchema({
				limit: whole(1, LIMITS.retryAttempts),
				delay: durationSchema,
				backoff: { enum: ["fixed", "linear", "exponential"] },
				factor: { type: "number", minimum: 1 },
				maxDelay: durationSchema,
				jitter: { type: ["boolean", "number"], minimum: 0, maximum: 1 },
				retryOn: strings,
			}),
			optionsSchema(retryConfigSchema),
		],
	},
	issues: (value) =>
		isObject(value) && isRetryConfig(value)
			? undotted(retryIssues(value), CONFIGS.retry)
			: optionIssues<RetryOptions>(value, retryPolicy, {}),
};

/** In the form of `PanicOptions`, or as `PanicConfig`. */
const panic: Field = {
	schema: {
		anyOf: [
			optionsSchema({
				isPanic: { type: "array", items: { type: "string", minLength: 1 } },
				restartDelay: durationSchema,
				maxRestartAttempts: whole(0, LIMITS.panicRestarts),
				autoRestart: { type: "boolean" },
			}),
			optionsSchema(panicConfigSchema),
		],
	},
	issues: (value) =>
		isObject(value) && isPanicConfig(value)
			? undotted(panicIssues(value), CONFIGS.panic)
			: optionIssues<PanicOptions>(value, panicPolicy, {}),
};

const breaker: Field = {
	schema: optionsSchema(
		{ failureThreshold: whole(1, LIMITS.breakerFailures), resetTimeout: durationSchema },
		["failureThreshold", "resetTimeout"],
	),
	issues: (value) =>
		optionIssues<BreakerOptions>(
			value,
			(options) => breakerPolicy(options, { where: "$breaker" }),
			{
				failureThreshold: 1,
				resetTimeout: "1s",
			},
		),
};

const concurrency: Field = {
	schema: optionsSchema(
		{
			limit: whole(0, LIMITS.slots),
			maxQueued: whole(0, LIMITS.queuedInstances),
			whileParked: { enum: ["hold", "release"] },
		},
		["limit"],
	),
	issues: (value) => optionIssues<ConcurrencyOptions>(value, concurrencyPolicy, { limit: 0 }),
};

const rate: Field = {
	schema: optionsSchema({ limit: whole(1, LIMITS.rateStarts), per: durationSchema }, [
		"limit",
		"per",
	]),
	issues: (value) => optionIssues<RateOptions>(value, ratePolicy, { limit: 1, per: "1s" }),
};

const rollback: Field = {
	schema: { anyOf: [{ const: true }, { type: "string", minLength: 1 }] },
	issues: (value) =>
		value === true || (typeof value === "string" && value !== "")
			? []
			: [expectedIssue("true or the name of a snapshot", value)],
};

/** `GraphSettings`. */
export const SETTINGS: Fields = {
	retry,
	panic,
	timeout: duration("timeout"),
	concurrency,
	rate,
	retention: duration("retention"),
	maxIterations: count("maxIterations", LIMITS.graphIterations),
	maxExecutions: count("maxExecutions", LIMITS.graphExecutions),
};

/** `PlaceOptions`, and the name of the place. */
export const PLACE_OPTIONS: Fields = {
	$name: text(
		NAME,
		LIMITS.placeNameLength,
		`1 to ${LIMITS.placeNameLength} letters, digits, "-" or "_"`,
	),
	$retry: retry,
	$timeout: duration("$timeout"),
	$breaker: breaker,
	$rollback: rollback,
};

/** The type's name is in the journal, in URLs, and the name of its index. */
export const ID: Field = {
	schema: {
		type: "string",
		pattern: `^[a-zA-Z0-9]${NAME.replace("+", "*")}$`,
		maxLength: LIMITS.typeNameLength,
	},
	issues: (value) =>
		typeof value === "string" && RegExp(`^${NAME}$`).test(value) && isTypeName(value)
			? []
			: [
					expectedIssue(
						`1 to ${LIMITS.typeNameLength} letters, digits, "-" or "_", the first a letter or digit`,
						value,
					),
				],
};
const version = text(
	"\\d+\\.\\d+\\.\\d+",
	LIMITS.versionLength,
	'three numbers with dots between, as "1.0.0"',
);
const title = text(
	"[\\s\\S]+",
	LIMITS.graphTitleLength,
	`text of 1 to ${LIMITS.graphTitleLength} characters`,
);

const description: Field = {
	schema: { type: "string", maxLength: LIMITS.graphDescriptionLength },
	issues: (value) =>
		typeof value === "string" && value.length <= LIMITS.graphDescriptionLength
			? []
			: [expectedIssue(`text of at most ${LIMITS.graphDescriptionLength} characters`, value)],
};
const tag = text(
	"[\\s\\S]+",
	LIMITS.graphTagLength,
	`text of 1 to ${LIMITS.graphTagLength} characters`,
);
const tags: Field = {
	schema: { type: "array", items: tag.schema, maxItems: LIMITS.graphTags },
	issues: (value) => {
		if (!Array.isArray(value) || value.length > LIMITS.graphTags) {
			return [expectedIssue(`a list of at most ${LIMITS.graphTags} texts`, value)];
		}
		return value.flatMap((each, index) =>
			tag.issues(each).map((issue) => ({ ...issue, path: [index] })),
		);
	},
};

/** An object of so many bytes of JSON. */
const sized = (max: number, advice: string): Field => ({
	...OBJECT,
	issues: (value) => {
		if (!isObject(value)) return OBJECT.issues(value);
		const bytes = bytesOf(JSON.stringify(value));
		if (bytes <= max) return [];
		const message = `Expected at most ${max} bytes of JSON; received ${bytes}: ${advice}.`;
		return [{ path: [], message }];
	},
});

/** What a definition has beside its places. */
export const ABOUT: Fields = {
	$schema: TEXT,
	id: ID,
	name: title,
	version,
	description,
	tags,
	metadata: sized(LIMITS.graphMetadataBytes, "keep what is large elsewhere"),
	input: {
		...OBJECT,
		issues: (value) =>
			isObject(value) ? issuesOf(() => inputSchema(value)) : OBJECT.issues(value),
	},
	initialState: sized(
		LIMITS.graphStateBytes,
		"keep what is large elsewhere, or give it to each run as its payload",
	),
};

/** What a list of steps has beside them. */
export const LIST_ABOUT: Fields = {
	$schema: TEXT,
	id: ID,
	name: title,
	version,
	description,
	retryConfig: {
		schema: optionsSchema(retryConfigSchema),
		issues: (value) => configIssues(value, retryIssues, CONFIGS.retry),
	},
	panicConfig: {
		schema: optionsSchema(panicConfigSchema),
		issues: (value) => configIssues(value, panicIssues, CONFIGS.panic),
	},
};

function isTypeName(value: string): boolean {
	return issuesOf(() => parseTypeName(value)).length === 0;
}

function configIssues(value: Json, issues: (value: Json) => DottedIssue[], where: string) {
	return isObject(value) ? undotted(issues(value), where) : [expectedIssue("an object", value)];
}

/** Their paths begin with the name of the whole. */
function undotted(issues: readonly DottedIssue[], where: string) {
	return issues.map(({ path, message }) => ({
		path: [path.slice(where.length + 1)],
		message: `${path.slice(where.length + 1)}: ${message}.`,
	}));
}
