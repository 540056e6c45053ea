/** Definitions with wrong places, and with ways that lead nowhere or back. */
import { flow, type Invalid } from "./corpus";

const NODES: readonly Invalid[] = [
	[
		"an unknown node",
		flow('[{ ▸"htpp": { "url": "u" } }]'),
		["/workflow/0/htpp", 'Unknown node: htpp. Did you mean "http"? Known: log, delay'],
	],
	[
		"an unknown node that is near to none",
		flow('[{ ▸"process-data": {} }]'),
		["/workflow/0/process-data", "Unknown node: process-data. Known"],
	],
	[
		"an unknown node in a route",
		flow('[{ "condition": { "if": "a", "true?": [{ ▸"Log2": {} }] } }]'),
		["/workflow/0/condition/true?/0/Log2", 'Did you mean "log"?'],
	],
	[
		"a node of all objects",
		flow('[{ ▸"toString": {} }]'),
		["/workflow/0/toString", "Unknown node: toString"],
	],
	[
		"a top place that is a string",
		flow('[▸"log"]'),
		[
			"/workflow/0",
			'Expected an object of nodes, as { "log": {} }, in the top list; received "log"',
		],
	],
	["a top place that is a list", flow('[▸[{ "log": "x" }]]'), ["/workflow/0", "received a list"]],
	["a top place that is null", flow("[▸null]"), ["/workflow/0", "received null"]],
	["a top place without a node", flow("[▸{}]"), ["/workflow/0", "Expected a node"]],
	[
		"an edge in the top list",
		flow('[{ "log": "x", ▸"error?": "fail" }]'),
		["/workflow/0/error?", "Unknown node: error?. A key with a ? is an edge"],
	],
	[
		"an option in the top list",
		flow('[{ "log": "x", ▸"$name": "a" }]'),
		["/workflow/0/$name", "A key with a $ is an option"],
	],
	[
		"a node that is given a number",
		flow('[{ "delay": ▸500 }]'),
		[
			"/workflow/0/delay",
			'Expected an object of the parameters of "delay", or its "duration" as a string or a list; received 500',
		],
	],
	["a node that is given null", flow('[{ "fail": ▸null }]'), ["/workflow/0/fail", "received null"]],
	[
		"a node that is given true",
		flow('[{ "custom": ▸true }]'),
		["/workflow/0/custom", "received true"],
	],
	[
		"a string for a node without a short form",
		flow('[{ "set": ▸"x" }]'),
		["/workflow/0/set", 'Expected an object of the parameters of "set"; received "x"'],
	],
	[
		"a list for a node without a short form",
		flow('[{ "fail": ▸[] }]'),
		["/workflow/0/fail", "received a list"],
	],
	[
		"a list where the short form is a text",
		flow('[{ "log": ▸["x"] }]'),
		["/workflow/0/log", "expected string"],
	],
	[
		"a text where the short form is a list",
		flow('[{ "mail": ▸"a@x.example" }]'),
		["/workflow/0/mail", "expected array"],
	],
	[
		"an item that a short form refuses",
		flow('[{ "mail": ["a", ▸1] }]'),
		["/workflow/0/mail/1", "expected string"],
	],
	["a parameter that is missing", flow('[{ ▸"log": {} }]'), ["/workflow/0/log", "message: "]],
	[
		"a parameter that the node does not have",
		flow('[{ "log": { "message": "x", ▸"mesage": "y", ▸"x": 1, "level": ▸1 } }]'),
		[
			"/workflow/0/log/mesage",
			'"log" has no parameter "mesage". Did you mean "message"? Expected message, level.',
		],
		["/workflow/0/log/x", '"log" has no parameter "x". Expected message, level.'],
		["/workflow/0/log/level", "Invalid option"],
	],
	[
		"a parameter of another type",
		flow('[{ "log": { "message": ▸1, "level": ▸"loud" } }]'),
		["/workflow/0/log/message", "expected string"],
		["/workflow/0/log/level", '"debug"'],
	],
	[
		"a parameter inside of a parameter",
		flow('[{ "http": { "url": "u", "headers": { "a": "b", "c": ▸1 } } }]'),
		["/workflow/0/http/headers/c", "expected string"],
	],
	[
		"a string that is a node which needs parameters",
		flow('[{ "condition": { "if": "a", "true?": ▸"log" } }]'),
		["/workflow/0/condition/true?", "message: "],
	],
	[
		"a check that throws",
		flow('[{ ▸"throws": {} }]'),
		["/workflow/0/throws", "The node's check of its parameters failed: Error: no connection"],
	],
];

const ROUTES: readonly Invalid[] = [
	[
		"an unknown edge",
		flow('[{ "condition": { "if": "a", ▸"ture?": [] } }]'),
		[
			"/workflow/0/condition/ture?",
			'"condition" has no edge "ture". Did you mean "true"? Expected one of true?, false?, error?',
		],
	],
	[
		"an unknown edge, and what is wrong behind it",
		flow('[{ "condition": { "if": "a", ▸"maybe?": { ▸"lgo": {} } } }]'),
		["/workflow/0/condition/maybe?", 'no edge "maybe"'],
		["/workflow/0/condition/maybe?/lgo", "Unknown node"],
	],
	[
		"a loop of a node that has none",
		flow('[{ "log": { "message": "x", ▸"loop?": [] } }]'),
		["/workflow/0/log/loop?", 'no edge "loop"'],
	],
	[
		"an edge without a name",
		flow('[{ "custom": { ▸"?": [] } }]'),
		["/workflow/0/custom/?", "Expected an edge's name"],
	],
	[
		"an edge with a space",
		flow('[{ "custom": { ▸"on sale?": [] } }]'),
		["/workflow/0/custom/on sale?", 'received "on sale?"'],
	],
	[
		"an edge with two question marks",
		flow('[{ "custom": { ▸"a??": [] } }]'),
		["/workflow/0/custom/a??", 'received "a??"'],
	],
	[
		"an edge with a $",
		flow('[{ "custom": { ▸"$a?": [] } }]'),
		["/workflow/0/custom/$a?", 'received "$a?"'],
	],
	[
		"a route that is a number",
		flow('[{ "condition": { "if": "a", "true?": ▸1 } }]'),
		["/workflow/0/condition/true?", "Expected a route: a string, a list"],
	],
	[
		"a route that is null",
		flow('[{ "condition": { "if": "a", "true?": ▸null } }]'),
		["/workflow/0/condition/true?", "[] ends at once; received null"],
	],
	[
		"a route that is an empty object",
		flow('[{ "condition": { "if": "a", "true?": ▸{} } }]'),
		["/workflow/0/condition/true?", "received an empty object"],
	],
	[
		"a list in a route's list",
		flow('[{ "condition": { "if": "a", "true?": [▸["fail"]] } }]'),
		["/workflow/0/condition/true?/0", "Expected a string or an object of nodes; received a list"],
	],
	[
		"a number in a route's list",
		flow('[{ "condition": { "if": "a", "true?": [▸1, "fail"] } }]'),
		["/workflow/0/condition/true?/0", "received 1"],
	],
	[
		"a jump to nothing",
		flow(
			'[{ "condition": { "if": "a", "true?": ▸"chrage" } }, { "log": { "$name": "charge", "message": "x" } }]',
		),
		["/workflow/0/condition/true?", 'Nothing is called "chrage". Did you mean "charge"?'],
	],
	[
		"an empty string",
		flow('[{ "condition": { "if": "a", "true?": ▸"" } }]'),
		["/workflow/0/condition/true?", 'Nothing is called ""'],
	],
	[
		"a jump by an address",
		flow('[{ "condition": { "if": "a", "true?": ▸"1/log" } }, { "log": "x" }]'),
		["/workflow/0/condition/true?", 'Did you mean "log"?'],
	],
	[
		"a jump into a route",
		flow(
			'[{ "condition": { "if": "a",\n"true?": [{ "log": { "$name": "in", "message": "x" } }], "false?": ▸"in" } }]',
		),
		["/workflow/0/condition/false?", '"in" is the "$name" of a place inside of a route (line 3)'],
	],
	[
		"a jump to one of two nodes",
		flow('[{ "condition": { "if": "a", "true?": ▸"log" } }, { "log": "x" }, { "log": "y" }]'),
		["/workflow/0/condition/true?", '"log" may be any of 2 places of the top list (1/log, 2/log)'],
	],
	[
		"a jump to a name that is a node, too",
		flow(
			'[{ "condition": { "if": "a", "true?": ▸"log" } }, { "delay": { "$name": "log" } }, { "log": "y" }]',
		),
		["/workflow/0/condition/true?", "(1/delay, 2/log)"],
	],
	[
		"a name twice in the top list",
		flow('[{ "delay": { "$name": "a" } },\n{ "delay": { "$name": ▸"a" } }]'),
		["/workflow/1/delay/$name", 'The "$name" "a" is taken: the place at line 2 has it'],
	],
	[
		"a name twice, once in a route",
		flow('[{ "delay": { "$name": "a", "success?": { "delay": { "$name": ▸"a" } } } }]'),
		["/workflow/0/delay/success?/delay/$name", "is taken"],
	],
	[
		"a jump out of a branch",
		flow('[{ "parallel": { "a?": ▸"log" } }, { "log": "x" }]'),
		["/workflow/0/parallel/a?", 'a route that "parallel" waits for cannot jump there'],
	],
	[
		"a jump out of a branch, from a loop in it",
		flow(
			'[{ "parallel": { "a?": { "loop": { "while": "b", "loop?": ▸"log" } } } }, { "log": "x" }]',
		),
		["/workflow/0/parallel/a?/loop/loop?", '{ "log": {} }'],
	],
];

const FLOW: readonly Invalid[] = [
	[
		"a place behind branches that are followed by a route",
		flow('[{ "parallel": { "a?": { "delay": {} }, "done?": [] } }, { ▸"log": "x" }]'),
		["/workflow/1/log", "Never reached"],
	],
	[
		"a jump out of a branch that is called loop",
		flow('[{ "parallel": { "loop?": ▸"log" } }, { "log": "x" }]'),
		["/workflow/0/parallel/loop?", "cannot jump there"],
	],
	[
		"a place behind a jump",
		flow(
			'[{ "condition": { "if": "a", "true?": ["log", { ▸"delay": {} }, "fail"] } }, { "log": "x" }]',
		),
		["/workflow/0/condition/true?/1/delay", 'Never reached: the jump to "log" before it'],
	],
	[
		"a jump behind a jump",
		flow(
			'[{ "condition": { "if": "a", "true?": ["log", ▸"delay"] } }, { "log": "x" }, { "delay": {} }]',
		),
		["/workflow/0/condition/true?/1", "Never reached"],
	],
	[
		"a fault behind a jump",
		flow('[{ "condition": { "if": "a", "true?": ["log", { ▸"lgo": {} }] } }, { "log": "x" }]'),
		["/workflow/0/condition/true?/1/lgo", "Never reached"],
		["/workflow/0/condition/true?/1/lgo", 'Unknown node: lgo. Did you mean "log"?'],
	],
	[
		"a place behind one that is not left",
		flow('[{ "condition": { "if": "a", "true?": { "fail": {}, ▸"log": "x" } } }]'),
		["/workflow/0/condition/true?/log", 'Never reached: "fail" before it'],
	],
	[
		"a place behind one that is left by routes only",
		flow(
			'[{ "loop": { "while": "a", "loop?": [{ "condition": { "if": "a", "true?": [], "false?": [] } }, { ▸"log": "x" }] } }]',
		),
		["/workflow/0/loop/loop?/1/log", "is always left by one of its routes"],
	],
	[
		"a top place behind one that is not left",
		flow('[{ "fail": {} }, { ▸"log": "x" }]'),
		["/workflow/1/log", 'Never reached: no route leads to "1/log"'],
	],
	[
		"a top place behind one that is left by routes only",
		flow(
			'[{ "condition": { "if": "a", "true?": [], "false?": [] } }, { ▸"log": { "$name": "end", "message": "x" } }]',
		),
		["/workflow/1/log", 'no route leads to "end"'],
	],
	[
		"of places that only lead to each other, the first",
		flow(
			'[{ "fail": {} }, { ▸"log": "x" }, { "delay": {} }, { "set": { "success?": "delay2" } }, { "delay": { "$name": "delay2" } }]',
		),
		["/workflow/1/log", "Never reached"],
	],
	[
		"two places that nothing leads to",
		flow('[{ "fail": {} }, { ▸"log": { "message": "x", "success?": [] } }, { ▸"delay": {} }]'),
		["/workflow/1/log", "1/log"],
		["/workflow/2/delay", "2/delay"],
	],
	[
		"a place that leads to itself",
		flow('[{ "condition": { "$name": "again", "if": "a", "true?": ▸"again" } }]'),
		[
			"/workflow/0/condition/true?",
			'A cycle that is no loop: again → again. Only a "loop?" route may lead back',
		],
	],
	[
		"two places that lead to each other",
		flow(
			'[{ "log": { "$name": "a", "message": "x" } }, { "condition": { "$name": "b", "if": "c", "true?": ▸"a" } }]',
		),
		["/workflow/1/condition/true?", "a → b → a"],
	],
	[
		"a cycle that jumps forward, too",
		flow(
			'[{ "condition": { "if": "x", "true?": "set" } }, { "log": "x" }, { "set": { "error?": ▸"log" } }]',
		),
		["/workflow/2/set/error?", "1/log → 2/set → 1/log"],
	],
	[
		"a cycle from a route in a route",
		flow(
			'[{ "log": "x" }, { "condition": { "if": "a", "true?": [{ "condition": { "if": "b", "false?": [{ "delay": {} }, ▸"log"] } }] } }]',
		),
		["/workflow/1/condition/true?/0/condition/false?/1", "0/log → 1/condition → 0/log"],
	],
	[
		"a cycle beside a loop",
		flow('[{ "log": "x" }, { "loop": { "while": "a", "loop?": "delay", "done?": ▸"log" } }]'),
		["/workflow/1/loop/done?", "0/log → 1/loop → 0/log"],
	],
	[
		"two cycles",
		flow(
			'[{ "log": "x" }, { "condition": { "if": "a", "true?": ▸"log", "false?": ▸"condition" } }]',
		),
		["/workflow/1/condition/true?", "0/log → 1/condition"],
		["/workflow/1/condition/false?", "1/condition → 1/condition"],
	],
	[
		"a cycle of places that nothing leads to",
		flow('[{ "fail": {} }, { ▸"log": "x" }, { "set": { "success?": ▸"log" } }]'),
		["/workflow/1/log", "Never reached"],
		["/workflow/2/set/success?", "1/log → 2/set → 1/log"],
	],
	[
		"a long cycle, of which not all is named",
		flow(
			`[${'{ "delay": {} }, '.repeat(12)}{ "log": { "$name": "end", "message": "x", "success?": ▸"begin" } }]`,
		).replace('"delay": {}', '"delay": { "$name": "begin" }'),
		[
			"/workflow/12/log/success?",
			"begin → 1/delay → 2/delay → 3/delay → 4/delay → 5/delay → … → begin",
		],
	],
	[
		"after a mistyped jump, not what follows from it",
		flow('[{ "condition": { "if": "a", "true?": ▸"lgo", "false?": [] } }, { "log": "x" }]'),
		["/workflow/0/condition/true?", 'Nothing is called "lgo". Did you mean "log"?'],
	],
	[
		"behind an unknown node, not what follows from it",
		flow('[{ "condition": { "if": "a", "true?": [{ ▸"fial": {} }, { "log": "x" }] } }]'),
		["/workflow/0/condition/true?/0/fial", 'Did you mean "fail"?'],
	],
];

export const PLACES: readonly Invalid[] = [...NODES, ...ROUTES, ...FLOW];
