/** Definitions with wrong fields: of their own, of their settings, of options, and of steps. */
import { flow, having, type Invalid, option, setting, steps } from "./corpus";

const fields = (id: string, name = '"T"', version = '"1.0.0"') =>
	`{ "id": ${id}, "name": ${name}, "version": ${version}, "workflow": [{ "log": "x" }] }`;

const ABOUT: readonly Invalid[] = [
	[
		"nothing in it",
		"▸{}",
		["", 'The field "id" is missing'],
		["", '"name" is missing'],
		["", '"version" is missing'],
		["", '"workflow" is missing'],
	],
	[
		"no places",
		'▸{ "id": "t", "name": "T", "version": "1.0.0" }',
		["", 'The field "workflow" is missing'],
	],
	[
		"an unknown field",
		having('▸"desciption": "d"'),
		["/desciption", 'Unknown field "desciption". Did you mean "description"?'],
	],
	[
		"an unknown field that is near to none",
		having('▸"x": 1'),
		["/x", "Expected a definition with $schema, id, name"],
	],
	[
		"a field of the other form",
		having('▸"retryConfig": {}'),
		["/retryConfig", 'Unknown field "retryConfig"'],
	],
	["both forms", having('▸"steps": []'), ["/steps", 'Unknown field "steps"']],
	["a field of all objects", having('▸"toString": 1'), ["/toString", 'Unknown field "toString"']],
	["an id that is a number", fields("▸1"), ["/id", "Expected 1 to 64 letters, digits"]],
	["an empty id", fields('▸""'), ["/id", 'received ""']],
	["an id with a dot", fields('▸"a.b"'), ["/id", 'received "a.b"']],
	["an id with a space", fields('▸"a b"'), ["/id", 'received "a b"']],
	[
		"an id that begins as the objects of the service",
		fields('▸"_a"'),
		["/id", "the first a letter or digit"],
	],
	["an id that begins with a minus", fields('▸"-a"'), ["/id", "the first a letter or digit"]],
	["an id of 65 characters", fields(`▸"${"a".repeat(65)}"`), ["/id", "1 to 64"]],
	["an id with a line's end", fields('▸"a\\n"'), ["/id", 'received "a\\n"']],
	["an empty name", fields('"t"', '▸""'), ["/name", "text of 1 to 200 characters"]],
	["a name that is null", fields('"t"', "▸null"), ["/name", "received null"]],
	["a name of 201 characters", fields('"t"', `▸"${"n".repeat(201)}"`), ["/name", "1 to 200"]],
	[
		"a version of two numbers",
		fields('"t"', '"T"', '▸"1.0"'),
		["/version", 'as "1.0.0"; received "1.0"'],
	],
	[
		"a version that is a number",
		fields('"t"', '"T"', "▸1"),
		["/version", "three numbers with dots"],
	],
	["a version with a mark", fields('"t"', '"T"', '▸"1.0.0-beta"'), ["/version", "three numbers"]],
	[
		"a version past its length",
		fields('"t"', '"T"', `▸"1.0.${"0".repeat(61)}"`),
		["/version", "three numbers"],
	],
	[
		"a description that is a list",
		having('"description": ▸[]'),
		["/description", "Expected text of at most 4096 characters; received a list"],
	],
	[
		"tags that are a text",
		having('"tags": ▸"a"'),
		["/tags", 'Expected a list of at most 50 texts; received "a"'],
	],
	[
		"a tag that is a number",
		having('"tags": ["a", ▸1, ▸null]'),
		["/tags/1", "received 1"],
		["/tags/2", "received null"],
	],
	["metadata that are a list", having('"metadata": ▸[]'), ["/metadata", "Expected an object"]],
	["an input that is a text", having('"input": ▸"object"'), ["/input", "Expected an object"]],
	[
		"a state that is a list",
		having('"initialState": ▸[1]'),
		["/initialState", "Expected an object; received a list"],
	],
	["a schema's address that is none", having('"$schema": ▸1'), ["/$schema", "Expected text"]],
	[
		"places that are an object",
		'{ "id": "t", "name": "T", "version": "1.0.0", "workflow": ▸{} }',
		["/workflow", "Expected a list of at least one object of nodes; received an object"],
	],
	[
		"an empty list of places",
		'{ "id": "t", "name": "T", "version": "1.0.0", "workflow": ▸[] }',
		["/workflow", "Expected a list of at least one"],
	],
	[
		"all at once",
		'{ "id": ▸"?", "name": ▸"", "version": ▸"1", "workflow": ▸null, ▸"tag": 1 }',
		["/id", "1 to 64"],
		["/name", "1 to 200"],
		["/version", "three numbers"],
		["/workflow", "received null"],
		["/tag", 'Did you mean "tags"?'],
	],
];

const SETTINGS: readonly Invalid[] = [
	[
		"settings that are null",
		having('"settings": ▸null'),
		["/settings", "Expected settings; received null"],
	],
	["an unknown setting", setting('▸"timeot": 1'), ["/settings/timeot", 'Did you mean "timeout"?']],
	[
		"a timeout that is no duration",
		setting('"timeout": ▸"soon"'),
		["/settings/timeout", '"soon" is not a duration. Expected "500ms"'],
	],
	[
		"a timeout of eleven years",
		setting('"timeout": ▸"4015d"'),
		["/settings/timeout", "longer than the limit of 3650 days"],
	],
	[
		"a retention below nothing",
		setting('"retention": ▸-1'),
		["/settings/retention", "-1 is not a duration"],
	],
	[
		"no turn of a loop",
		setting('"maxIterations": ▸0'),
		["/settings/maxIterations", "a whole number from 1 to 10000"],
	],
	[
		"too many executions",
		setting('"maxExecutions": ▸20001'),
		["/settings/maxExecutions", "from 1 to 20000; received 20001"],
	],
	[
		"retries that are a number",
		setting('"retry": ▸3'),
		["/settings/retry", "Expected an object; received 3"],
	],
	[
		"all wrong options of retries",
		setting(
			'"retry": { "limit": ▸0, "delay": ▸"x", "backoff": ▸"none", "factor": ▸0, "maxDelay": ▸true, "jitter": ▸2, "retryOn": ▸"E", "limt": ▸1 }',
		),
		["/settings/retry/limit", "from 1 to 10000, received 0"],
		["/settings/retry/delay", "not a duration"],
		["/settings/retry/backoff", '"fixed", "linear" or "exponential"'],
		["/settings/retry/factor", "at least 1"],
		["/settings/retry/maxDelay", "not a duration"],
		["/settings/retry/jitter", "0 to 1"],
		["/settings/retry/retryOn", "a list"],
		["/settings/retry/limt", "expected one of limit, delay"],
	],
	[
		"both forms of retries",
		setting('"retry": { "maxAttempts": ▸11, "limit": ▸3 }'),
		["/settings/retry/maxAttempts", "from 1 to 10, received 11"],
		["/settings/retry/limit", "expected one of maxAttempts"],
	],
	[
		"wrong options of panics",
		setting('"panic": { "restartDelay": ▸"x", "autoRestart": ▸1, "isPanic": ▸[1] }'),
		["/settings/panic/restartDelay", "not a duration"],
		["/settings/panic/autoRestart", "true or false"],
		["/settings/panic/isPanic", "a list of words"],
	],
	[
		"panics with other names",
		setting('"panic": { "restartDelayMs": ▸1 }'),
		["/settings/panic/restartDelayMs", "at least 1000, received 1"],
	],
	["panics that are a list", setting('"panic": ▸[]'), ["/settings/panic", "Expected an object"]],
	[
		"slots without a limit",
		setting('"concurrency": ▸{}'),
		["/settings/concurrency", "concurrency.limit is a whole number"],
	],
	[
		"slots by a key, which is code",
		setting('"concurrency": { "limit": 1, "key": ▸"input.id" }'),
		["/settings/concurrency/key", "a function of the payload"],
	],
	[
		"wrong options of slots",
		setting('"concurrency": { "limit": ▸-1, "whileParked": ▸"x" }'),
		["/settings/concurrency/limit", "received -1"],
		["/settings/concurrency/whileParked", '"hold" or "release"'],
	],
	["a rate without a time", setting('"rate": ▸{ "limit": 1 }'), ["/settings/rate", "rate.per"]],
	[
		"a rate of nothing in no time",
		setting('"rate": { "limit": ▸0, "per": ▸0 }'),
		["/settings/rate/limit", "from 1 to 10000"],
		["/settings/rate/per", "longer than no time"],
	],
];

const OPTIONS: readonly Invalid[] = [
	[
		"an unknown option",
		option('▸"$retyr": {}'),
		["/workflow/0/log/$retyr", 'Unknown field "$retyr". Did you mean "$retry"?'],
	],
	["a bare $", option('▸"$": 1'), ["/workflow/0/log/$", "Expected options of a place with $name"]],
	[
		"a name with a space",
		option('"$name": ▸"a b"'),
		["/workflow/0/log/$name", 'letters, digits, "-" or "_"; received "a b"'],
	],
	["an empty name", option('"$name": ▸""'), ["/workflow/0/log/$name", 'received ""']],
	["a name that is a number", option('"$name": ▸1'), ["/workflow/0/log/$name", "received 1"]],
	[
		"a name of 65 characters",
		option(`"$name": ▸"${"a".repeat(65)}"`),
		["/workflow/0/log/$name", "1 to 64"],
	],
	[
		"retries of a place",
		option('"$retry": { "limit": ▸-1 }'),
		["/workflow/0/log/$retry/limit", "received -1"],
	],
	[
		"no retries",
		option('"$retry": ▸false'),
		["/workflow/0/log/$retry", "Expected an object; received false"],
	],
	[
		"retries with a name of all objects",
		option('"$retry": { "toString": ▸1 }'),
		["/workflow/0/log/$retry/toString", "an unknown option"],
	],
	[
		"a timeout that is null",
		option('"$timeout": ▸null'),
		["/workflow/0/log/$timeout", "not a duration"],
	],
	[
		"a breaker of nothing",
		option('"$breaker": ▸{}'),
		["/workflow/0/log/$breaker", "$breaker.resetTimeout"],
	],
	[
		"wrong options of a breaker",
		option('"$breaker": { "failureThreshold": ▸0, "resetTimeout": ▸"1ms", "onOpen": ▸"log" }'),
		["/workflow/0/log/$breaker/failureThreshold", "from 1 to 1000"],
		["/workflow/0/log/$breaker/resetTimeout", "at least 1000 ms"],
		["/workflow/0/log/$breaker/onOpen", "failureThreshold and resetTimeout"],
	],
	[
		"a rollback that is false",
		option('"$rollback": ▸false'),
		["/workflow/0/log/$rollback", "true or the name of a snapshot"],
	],
	[
		"options of an unknown node",
		flow('[{ ▸"lgo": { "$timeout": ▸"x" } }]'),
		["/workflow/0/lgo", "Unknown node: lgo"],
		["/workflow/0/lgo/$timeout", "not a duration"],
	],
];

const STEPS: readonly Invalid[] = [
	[
		"a list without a name",
		'▸{ "steps": [{ "id": "a", "type": "delay" }] }',
		["", 'The field "name" is missing'],
	],
	[
		"a list whose name is no type's",
		'{ "name": ▸"Say hello", "steps": [{ "id": "a", "type": "delay" }] }',
		["/name", "1 to 64 letters"],
	],
	[
		"an unknown field of a list",
		'{ "name": "t", "steps": [{ "id": "a", "type": "delay" }], ▸"retry": {} }',
		["/retry", "Expected a list of steps with"],
	],
	[
		"steps that are an object",
		steps("▸{}"),
		["/steps", "Expected a list of at least one step; received an object"],
	],
	["no steps", steps("▸[]"), ["/steps", "at least one step"]],
	["a step that is a text", steps('[▸"log"]'), ["/steps/0", 'Expected a step; received "log"']],
	[
		"a step of nothing",
		steps("[▸{}]"),
		["/steps/0", '"id" is missing'],
		["/steps/0", '"type" is missing'],
	],
	[
		"an unknown field of a step",
		steps('[{ "id": "a", "type": "delay", ▸"confg": {} }]'),
		["/steps/0/confg", 'Did you mean "config"?'],
	],
	[
		"an empty id of a step",
		steps('[{ "id": ▸"", "type": "delay" }]'),
		["/steps/0/id", "A step's name is"],
	],
	[
		"an id that ends as the journal's",
		steps('[{ "id": ▸"a#2", "type": "delay" }]'),
		["/steps/0/id", "which the journal uses"],
	],
	[
		"an id that is a number",
		steps('[{ "id": ▸1, "type": "delay" }]'),
		["/steps/0/id", "A step's name is"],
	],
	[
		"an id of 257 characters",
		steps(`[{ "id": ▸"${"a".repeat(257)}", "type": "delay" }]`),
		["/steps/0/id", "1 to 256"],
	],
	[
		"an id twice",
		steps('[{ "id": "a", "type": "delay" },\n{ "id": ▸"a", "type": "delay" }]'),
		["/steps/1/id", 'The id "a" is taken: the step at line 2 has it'],
	],
	[
		"an unknown type",
		steps('[{ "id": "a", "type": ▸"dely" }]'),
		["/steps/0/type", 'Unknown node: dely. Did you mean "delay"?'],
	],
	[
		"a type that is null",
		steps('[{ "id": "a", "type": ▸null }]'),
		["/steps/0/type", "Expected text"],
	],
	[
		"a configuration that is a text",
		steps('[{ "id": "a", "type": "delay", "config": ▸"1s" }]'),
		["/steps/0/config", "Expected an object"],
	],
	[
		"a configuration that its node refuses",
		steps('[{ "id": "a", "type": "log", "config": { "message": ▸1 } }]'),
		["/steps/0/config/message", "expected string"],
	],
	[
		"a parameter that is missing",
		steps('[{ "id": "a", "type": "log", "config": ▸{} }]'),
		["/steps/0/config", "message: "],
	],
	[
		"no configuration where one must be",
		steps('[▸{ "id": "a", "type": "log" }]'),
		["/steps/0", "message: "],
	],
	[
		"wrong retries and panics",
		'{ "name": "t", "steps": [{ "id": "a", "type": "delay" }], "retryConfig": { "maxAttempts": ▸11, "backoffMs": ▸-1 }, "panicConfig": { "restartDelayMs": ▸999, "limit": ▸1 } }',
		["/retryConfig/maxAttempts", "from 1 to 10"],
		["/retryConfig/backoffMs", "at least 0"],
		["/panicConfig/restartDelayMs", "at least 1000"],
		["/panicConfig/limit", "expected one of"],
	],
	[
		"retries that are null",
		'{ "name": "t", "steps": [{ "id": "a", "type": "delay" }], "retryConfig": ▸null }',
		["/retryConfig", "Expected an object"],
	],
];

export const FIELDS: readonly Invalid[] = [...ABOUT, ...SETTINGS, ...OPTIONS, ...STEPS];
