/**
 * Every limit of the service (G15), units last. Each has its own error where it is enforced and
 * a test at the limit and one past it.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;
const DAY = 86_400 * SECOND;

export const LIMITS = {
	/** Characters of an instance id. */
	instanceIdLength: 100,
	/** Characters of a type's name. */
	typeNameLength: 64,
	/** Characters of a step's name. */
	stepNameLength: 256,
	/** Characters of an event's name. */
	eventNameLength: 100,
	/** Characters of a type's version. */
	versionLength: 64,
	/**
	 * Bytes (UTF-8) of one stored value: payload, step result, event, final result. A SQLite row in
	 * a Durable Object takes 2 MB in all, so what shares the row with the value has 128 KiB left.
	 */
	valueBytes: 2_000_000 - 128 * KIB,
	/**
	 * Bytes of an instance's payload. Its final result shares the row, and has what the payload
	 * leaves of `valueBytes`.
	 */
	payloadBytes: 1_000_000,
	/** Levels of nesting in a stored value. */
	valueDepth: 200,
	/** Characters kept of an error's message and of its stack, each. */
	errorTextLength: 4 * KIB,
	/** Causes of causes kept of one error, and errors kept of it in all. */
	errorCauseDepth: 4,
	/** Names kept of the classes that an error's class extends. */
	errorClasses: 8,
	errorRecords: 32,
	/** Bytes of an error with its causes; one past that keeps name, message, stack and code. */
	errorBytes: 96 * KIB,
	/** Bytes of an error's own fields; fields past that are dropped. */
	errorFieldsBytes: 16 * KIB,
	/** Bytes of the issues that a schema has with a value: they are among an error's own fields. */
	schemaIssuesBytes: 12 * KIB,
	/** Steps of one instance. */
	steps: 25_000,
	/** Events that wait in an instance's buffer. */
	bufferedEvents: 1_000,
	/** Attempts that a retry policy may ask for. */
	retryAttempts: 10_000,
	/** The longest duration, in milliseconds: ten years. */
	durationMs: 3_650 * DAY,
	/** Characters of step results in a status answer, the first ones first. An RPC takes 32 MiB. */
	statusResultsLength: 8 * MIB,
	/** Attributes of an instance; characters of a name, and of a text. */
	attributes: 16,
	attributeNameLength: 64,
	attributeTextLength: 256,
	/** A priority is a whole number from minus this to this. */
	priority: 1_000,
	/** Characters of who asked for a change, of a reason and of an idempotency key, each. */
	actorLength: 200,
	reasonLength: 1_000,
	idempotencyKeyLength: 255,
	/** Rows of an instance's audit: past it, the oldest goes. */
	auditRows: 10_000,
	/** Failed attempts that an instance's history keeps: past it, the oldest goes. */
	stepErrors: 200,
	/** Characters of failed attempts in a status answer, the latest first. */
	statusErrorsLength: 4 * MIB,
	/** Lines of an instance's log: past it, the oldest goes. */
	logLines: 10_000,
	/** Characters of a line's message, and bytes of its fields. */
	logMessageLength: 4 * KIB,
	logFieldsBytes: 8 * KIB,
	/** Bytes of an instance's metadata: it shares the row with payload and result. */
	metadataBytes: 8 * KIB,
	/** How long a call waits for an instance to rest. */
	restMs: 60 * SECOND,
	/** Characters of the options that an instance has in place of its type's. */
	overridesLength: 2 * KIB,
	/** Restarts after panics that a type may ask for. */
	panicRestarts: 1_000,
	/** Index shards of a type. */
	shards: 64,
	/** Instances of a type that a limit may let work at once. */
	slots: 1_000_000,
	/** Characters of the key by which instances share a limit. */
	slotKeyLength: 256,
	/** Instances of a type that wait for a slot. */
	queuedInstances: 100_000,
	/** Starts that a rate may allow in its stretch of time. */
	rateStarts: 10_000,
	/** Circuit breakers of a type that are kept, and failures in a row that one may wait for. */
	breakers: 1_000,
	breakerFailures: 1_000,
	/** Types that have stored definitions, and contents that are kept of one: past it, the oldest goes. */
	definedTypes: 300,
	definitionsKept: 50,
	/** Rows of the audit of a type's definitions: past it, the oldest goes. */
	definitionAuditRows: 1_000,
	/** Bytes of a definition's text. */
	definitionBytes: 256 * KIB,
	/** Items of one batch. */
	batchItems: 100,
	/** Schedules of a type. */
	schedules: 1_000,
	/** Characters of a cron expression. */
	cronLength: 200,
	/** Runs that a schedule makes up for after it was kept from them. */
	scheduleCatchUp: 100,
	/** Runs of a schedule that wait for the one before. */
	scheduleWaiting: 100,
	/** Instances that a bulk job takes at a time, errors that it remembers, ids that a dry run shows. */
	bulkPage: 100,
	bulkErrors: 100,
	bulkSample: 20,
	/** Tokens of `API_TOKENS`, characters of their names, and names in a list of what one may use. */
	accessTokens: 100,
	accessNameLength: 50,
	accessNames: 100,
	/** Bytes of a request's body. */
	requestBodyBytes: MIB,
	/** Streams by which an instance is followed at a time, and by which a shard of a type is. */
	streams: 100,
	typeStreams: 500,
	/** Steps in flight without a row that a place in the chronicle names. */
	placeSteps: 128,
	/** Webhooks of a type, and handlers that a service may have. */
	webhooks: 16,
	eventHandlers: 64,
	/** Characters of a webhook's URL. */
	webhookUrlLength: 2 * KIB,
	/** Attempts at delivering an event, and how long one may take. */
	deliveryAttempts: 100,
	deliveryTimeoutMs: 60 * SECOND,
	/** Bytes (UTF-8) of an event's data as JSON; past it, its largest fields are left out. */
	eventDataBytes: MIB,
	/** Events of an instance that are kept because they could not be delivered: past it, the oldest goes. */
	deadLetters: 1_000,
	/** Characters of why a delivery failed. */
	deliveryErrorLength: 500,
	/** Rows of one page of a listing, and what it holds when nothing is asked for. */
	listPage: 1_000,
	listPageDefault: 50,
	/** Characters of a listing's cursor: past it, it is none of ours. */
	cursorLength: 400,
	/** How often the schema of a definition's payload looks at a value or a part of it. */
	schemaLooks: 250_000,
	/** Bytes of a graph's `initialState`. */
	graphStateBytes: 64 * KIB,
	/** Places of a graph, and how deep its routes may stand in each other, the top list included. */
	graphPlaces: 2_000,
	graphDepth: 32,
	/** Characters of a graph's title, and of a place's `$name`. */
	graphTitleLength: 200,
	/** Characters of its description, its tags and characters of each, and bytes of its metadata. */
	graphDescriptionLength: 4 * KIB,
	graphTags: 50,
	graphTagLength: 100,
	graphMetadataBytes: 8 * KIB,
	placeNameLength: 64,
	/** Faults of a definition in one answer: past it, the others are seen when these are gone. */
	graphFaults: 100,
	/** Times that one place of a graph is come to in a run, and all of them together. */
	graphIterations: 10_000,
	graphExecutions: 20_000,
	/** Ids of one request to rebuild an index. */
	reindexIds: 1_000,
	/** Arrivals at a place by jumps that may lie within so short a time. */
	graphJumps: 5,
	graphJumpsMs: SECOND,
	/** Bytes of a graph's state as it runs: less than the largest payload leaves of `valueBytes`. */
	stateBytes: 768 * KIB,
	/** Snapshots that a run of a graph keeps: past it, the oldest goes. */
	stateSnapshots: 100,
	/** Characters of an expression in a graph. */
	expressionLength: 8 * KIB,
	/** Operations of one evaluation of it, levels that they nest, and items of a list in it. */
	expressionSteps: 100_000,
	expressionDepth: 500,
	expressionItems: 100_000,
	/** Characters of a text in it, and of all that a value of it would be as text. */
	expressionTextLength: MIB,
	expressionSize: 8 * MIB,
	/** Instructions that a pattern may come to; those times characters that an evaluation may match. */
	patternSize: 1_000,
	expressionMatching: 1_000_000_000,
	/** Its wall clock, in ms; workerd's stands still while it computes, so the operations bound it. */
	expressionMs: 5 * SECOND,
	/** Bytes of the answer to a graph's HTTP request, redirects that it follows, and how long it takes. */
	graphResponseBytes: 512 * KIB,
	graphRedirects: 5,
	graphRequestMs: 30 * SECOND,
	/** Instances of a node that are kept for the next place. */
	nodePool: 10,
	/** How long an ended instance is kept where its type says nothing, in ms: 30 days. */
	retentionMs: 30 * DAY,
	/**
	 * Passes in a row that may end their isolate with nothing recorded (G17): some two minutes with
	 * the waits between them. Fewer would end healthy instances when a service restarts often.
	 */
	strikes: 8,
	/** What is kept of lost passes, for the chronicle: past it, the oldest goes. */
	lostPasses: 32,
} as const;
