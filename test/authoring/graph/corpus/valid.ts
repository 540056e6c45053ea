/** Definitions that are parsed. */
import { flow, having, option, setting, steps, type Valid } from "./corpus";

export const VALID: readonly Valid[] = [
	[
		"an approval before a charge",
		`{ "id": "order-approval", "name": "Order approval", "version": "1.0.0",
			"initialState": { "limit": 100 },
			"workflow": [
				{ "condition": { "if": "input.total > limit",
					"true?": [{ "wait-event": { "event": "approval", "timeout?": { "fail": {} } } }, "charge"],
					"false?": "charge" } },
				{ "http": { "$name": "charge", "url": "https://pay.example/charges",
					"error?": { "fail": { "message": "no charge" } } } },
				{ "log": { "message": "charged {{ http_output.body.id }}" } } ] }`,
	],
	["one place", flow(`[{ "log": { "message": "x" } }]`)],
	["a string for the parameter that it is short for", flow(`[{ "log": "x" }]`)],
	[
		"a list for the parameter that it is short for",
		flow(`[{ "mail": ["a@x.example", "b@x.example"] }]`),
	],
	["a node without parameters", flow(`[{ "fail": {} }]`)],
	["several nodes of one object", flow(`[{ "log": "x", "delay": "5s", "set": { "a": 1 } }]`)],
	["the same node twice", flow(`[{ "log": "x" }, { "log": "y" }]`)],
	["a string that is a node", flow(`[{ "condition": { "if": "a", "true?": "fail" } }]`)],
	[
		"a list of strings",
		flow(`[{ "condition": { "if": "a", "true?": ["delay", "set", "fail"] } }]`),
	],
	[
		"a list of strings and objects",
		flow(`[{ "condition": { "if": "a", "true?": ["delay", { "log": "x" }] } }]`),
	],
	[
		"an object of nodes in a route",
		flow(`[{ "condition": { "if": "a", "true?": { "log": "x", "delay": {} } } }]`),
	],
	[
		"an object of nodes in a list of a route",
		flow(`[{ "condition": { "if": "a", "true?": [{ "log": "x", "delay": {} }] } }]`),
	],
	[
		"an empty route, which ends at once",
		flow(`[{ "condition": { "if": "a", "true?": [] } }, { "log": "x" }]`),
	],
	[
		"a jump by a node",
		flow(`[{ "condition": { "if": "a", "true?": "log" } }, { "delay": "1s" }, { "log": "x" }]`),
	],
	[
		"a jump by a name",
		flow(
			`[{ "condition": { "if": "a", "true?": "end" } }, { "log": "x" }, { "log": { "$name": "end", "message": "y" } }]`,
		),
	],
	[
		"a jump by the node of a place that has a name",
		flow(
			`[{ "condition": { "if": "a", "true?": "log" } }, { "log": { "$name": "end", "message": "y" } }]`,
		),
	],
	[
		"a jump at the end of a list",
		flow(`[{ "condition": { "if": "a", "true?": [{ "delay": "1s" }, "log"] } }, { "log": "x" }]`),
	],
	[
		"a jump from a route in a route",
		flow(
			`[{ "condition": { "if": "a", "true?": { "condition": { "if": "b", "true?": "log" } } } }, { "log": "x" }]`,
		),
	],
	[
		"both routes, and what they jump to",
		flow(
			`[{ "condition": { "if": "a", "true?": "x", "false?": "y" } }, { "log": { "$name": "x", "message": "x" } }, { "log": { "$name": "y", "message": "y" } }]`,
		),
	],
	[
		"a jump back that closes no cycle",
		flow(
			`[{ "condition": { "if": "a", "true?": "last" } }, { "fail": { "$name": "end" } }, { "log": { "$name": "last", "message": "x", "success?": "end" } }]`,
		),
	],
	[
		"a node without an edge at the end",
		flow(`[{ "condition": { "if": "a", "true?": [{ "log": "x" }, "fail"] } }]`),
	],
	[
		"a loop",
		flow(
			`[{ "loop": { "while": "i < 3", "loop?": [{ "set": { "i": "{{ i + 1 }}" } }] } }, { "log": "x" }]`,
		),
	],
	[
		"a loop that goes on by a route",
		flow(`[{ "loop": { "while": "a", "loop?": "delay", "done?": "log" } }, { "log": "x" }]`),
	],
	[
		"a loop that jumps to its own beginning",
		flow(`[{ "loop": { "$name": "again", "while": "a", "loop?": [{ "delay": "1s" }, "again"] } }]`),
	],
	[
		"a loop that jumps to a place before it",
		flow(
			`[{ "log": { "$name": "begin", "message": "x" } }, { "loop": { "while": "a", "loop?": "begin" } }]`,
		),
	],
	[
		"a loop that is left by a jump",
		flow(
			`[{ "loop": { "while": "a", "loop?": { "condition": { "if": "b", "true?": "out" } } } }, { "delay": "1s" }, { "log": { "$name": "out", "message": "x" } }]`,
		),
	],
	[
		"a loop in a loop",
		flow(
			`[{ "loop": { "while": "a", "loop?": { "loop": { "while": "b", "loop?": { "log": "x" } } } } }]`,
		),
	],
	[
		"a loop in a route that jumps back",
		flow(
			`[{ "log": "x" }, { "condition": { "if": "a", "true?": { "loop": { "while": "b", "loop?": "log" } } } }]`,
		),
	],
	[
		"a loop over a list",
		flow(`[{ "loop": { "over": [1, 2, 3], "loop?": { "log": "{{ item }}" } } }]`),
	],
	[
		"a loop over a template",
		flow(`[{ "loop": { "over": "{{ input.items }}", "loop?": { "log": "{{ item }}" } } }]`),
	],
	["a loop of a node of one's own", flow(`[{ "custom": { "loop?": { "log": "x" } } }]`)],
	["an empty loop", flow(`[{ "loop": { "while": "a", "loop?": [] } }]`)],
	[
		"branches",
		flow(
			`[{ "parallel": { "a?": { "log": "a" }, "b?": [{ "delay": "1s" }, { "log": "b" }] } }, { "log": "both" }]`,
		),
	],
	[
		"branches of branches",
		flow(`[{ "parallel": { "a?": { "parallel": { "b?": { "log": "b" } } } } }]`),
	],
	[
		"a branch that ends by a node without an edge",
		flow(`[{ "parallel": { "a?": { "fail": {} } } }, { "log": "x" }]`),
	],
	[
		"branches that are followed by a route",
		flow(`[{ "parallel": { "a?": { "log": "a" }, "done?": "log" } }, { "log": "x" }]`),
	],
	[
		"an error that jumps out of a branch's place",
		flow(
			`[{ "parallel": { "a?": { "log": "a" }, "error?": "mend" } }, { "log": { "$name": "mend", "message": "x" } }]`,
		),
	],
	[
		"any edge of a node whose edges are not known",
		flow(
			`[{ "switch": { "value": "input.kind", "gold?": { "log": "g" }, "default?": { "log": "d" } } }, { "log": "x" }]`,
		),
	],
	[
		"an edge with - and _ and digits",
		flow(`[{ "switch": { "value": "a", "a-1_B?": { "log": "x" } } }]`),
	],
	["the error of any node", flow(`[{ "log": { "message": "x", "error?": { "log": "y" } } }]`)],
	["the error of a node without edges", flow(`[{ "fail": { "error?": { "log": "y" } } }]`)],
	[
		"a jump by an error",
		flow(
			`[{ "http": { "url": "u", "error?": "fail" } }, { "log": { "message": "x", "success?": [] } }, { "fail": {} }]`,
		),
	],
	[
		"parameters of any node",
		flow(`[{ "custom": { "a": 1, "b": { "c?": 2, "$d": 3 }, "": null } }]`),
	],
	[
		"a parameter that is a template in the place of a number",
		flow(`[{ "http": { "url": "u", "retries": "{{ n }}" } }]`),
	],
	[
		"nested parameters",
		flow(
			`[{ "http": { "url": "u", "method": "POST", "headers": { "X-A": "1" }, "body": { "a": [1, { "b": null }] } } }]`,
		),
	],
	[
		"all options of a place",
		option(
			`"$name": "a-1_B", "$retry": { "limit": 5, "delay": "1s", "backoff": "linear", "maxDelay": "1m", "jitter": 0.2 }, "$timeout": "30s", "$breaker": { "failureThreshold": 5, "resetTimeout": "30s" }, "$rollback": true`,
		),
	],
	[
		"retries by name, with a factor and full jitter",
		option(`"$retry": { "retryOn": ["E1", "E2"], "factor": 1.5, "jitter": true }`),
	],
	[
		"retries with other names",
		option(`"$retry": { "maxAttempts": 5, "backoffMs": 0, "exponentialBackoff": false }`),
	],
	["no retry options", option(`"$retry": {}`)],
	["a timeout in ms, and a snapshot", option(`"$timeout": 500, "$rollback": "before charge"`)],
	[
		"what a definition says of itself",
		having(
			`"$schema": "https://w.example/s.json", "description": "d", "tags": ["a", "b"], "metadata": { "team": "x" }`,
		),
	],
	[
		"an input schema and a state",
		having(
			`"input": { "type": "object", "required": ["id"] }, "initialState": { "a": [1, 2.5, -3e2, true, null, "é"] }`,
		),
	],
	[
		"all settings",
		setting(
			`"retry": { "limit": 2 }, "panic": { "autoRestart": false }, "timeout": "1h", "concurrency": { "limit": 3, "maxQueued": 10, "whileParked": "release" }, "rate": { "limit": 10, "per": "1s" }, "retention": 0, "maxIterations": 5, "maxExecutions": 50`,
		),
	],
	[
		"settings with other names",
		setting(
			`"retry": { "maxAttempts": 2 }, "panic": { "maxRestartAttempts": 2, "restartDelayMs": 1000, "enableAutoRestart": true }`,
		),
	],
	[
		"words of panics",
		setting(
			`"panic": { "isPanic": ["out of memory"], "restartDelay": "10s", "maxRestartAttempts": 0 }`,
		),
	],
	["no settings", setting("")],
	[
		"an id of all that an id may have",
		`{ "id": "0aZ-_9", "name": "N", "version": "10.20.30", "workflow": [{ "log": "x" }] }`,
	],
	[
		"escapes and spaces",
		'\r\n\t{"id":"t" ,"name":"\\u00e9\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00","version":"1.0.0","workflow":[\n{"log":"\u{1f600}"}]}\r\n',
	],
	["a key with what a pointer escapes", flow(`[{ "custom": { "a/b~c": 1 } }]`)],
	[
		"a list of steps",
		`{ "name": "greet", "description": "d",
			"steps": [
				{ "id": "hello", "type": "log", "config": { "message": "Hello" } },
				{ "id": "pause", "type": "delay", "config": { "duration": 500 } },
				{ "id": "call", "type": "http", "config": { "url": "https://x.example" } } ],
			"retryConfig": { "maxAttempts": 3, "backoffMs": 1000, "exponentialBackoff": true },
			"panicConfig": { "maxRestartAttempts": 3, "restartDelayMs": 5000, "enableAutoRestart": true } }`,
	],
	["a step without configuration", steps(`[{ "id": "a", "type": "delay" }]`)],
	[
		"ids of steps that are any text",
		steps(`[{ "id": "Say hello/1", "type": "log", "config": { "message": "x" } }]`),
	],
	[
		"a list with a title, an id and a version",
		`{ "id": "t-1", "name": "Say hello!", "version": "2.0.1", "steps": [{ "id": "a", "type": "delay" }] }`,
	],
	[
		"a list with empty configurations",
		`{ "name": "t", "steps": [{ "id": "a", "type": "delay", "config": {} }], "retryConfig": {}, "panicConfig": {} }`,
	],
	[
		"other nodes in a list",
		steps(`[{ "id": "a", "type": "custom", "config": { "loop?": 1, "$name": 2 } }]`),
	],
];
