/** Expressions and templates: what they come to, and where they end. */
import { describe, expect, it } from "vitest";
import { compile, syntaxFault } from "../../../src/authoring/graph/expression";
import { LinearPattern, patternFault } from "../../../src/authoring/graph/pattern";
import { isTemplate, parametersOf, templateFaults } from "../../../src/authoring/graph/templates";
import { LIMITS } from "../../../src/model/limits";

const evaluate = (text: string, data: object = {}) =>
	compile(text, "a test").evaluate(data, "a test");

describe("an expression", () => {
	it.each<[string, object, unknown]>([
		["a.b", { a: [{ b: 1 }, { b: 2 }] }, [1, 2]],
		["a[b > 1].b", { a: [{ b: 1 }, { b: 2 }] }, 2],
		["$sum(a) + 1", { a: [1, 2] }, 4],
		["nothing", {}, undefined],
		["a.constructor", { a: "x" }, undefined],
		["a.__proto__", { a: {} }, undefined],
		['$pad("x", 3) & "|"', {}, "x  |"],
		['$pad("x", -3, "ab")', {}, "abx"],
		["$pad(a, 3)", {}, undefined],
		["$match(a, /x+/).match", { a: "axxb" }, "xx"],
		["a", { a: new Date(0) }, new Date(0)],
		["$match(a, /(?<word>\\w+)-(\\d+)?/).groups", { a: "ab-12" }, ["ab", "12"]],
		["$replace(a, /(\\w)(\\w)/, '$2$1')", { a: "abcd é" }, "badc é"],
		["$split(a, /\\s*,\\s*/)", { a: "a , b,c" }, ["a", "b", "c"]],
		["$contains(a, /^B$/im)", { a: "a\nb" }, true],
		["$match(a, /é./).{ 'at': index, 'is': match }", { a: "x😀éy" }, { at: 3, is: "éy" }],
		["$join(a, '-')", { a: ["x", "y"] }, "x-y"],
		["$join(a)", { a: ["x", "y"] }, "xy"],
		["$distinct(a)", { a: [1, "1", 1, { b: 1, c: 2 }, { c: 2, b: 1 }] }, [1, "1", { b: 1, c: 2 }]],
		["$distinct(a.b)", { a: [{ b: 1 }, { b: 1 }] }, 1],
		["$distinct(a)", { a: [1, 1] }, [1]],
		["$count($distinct([1..90000]))", {}, 90_000],
		["$toMillis('2024-09-25T10:00:00Z')", {}, 1_727_258_400_000],
		["$toMillis('25.9.2024', '[D].[M].[Y]')", {}, 1_727_222_400_000],
		["$fromMillis(0, '[Y0001]-[M01]-[D01]T[H01]')", {}, "1970-01-01T00"],
		["$length($now('[Y0001]'))", {}, 4],
	])("%s of %j", async (text, data, value) => {
		expect(await evaluate(text, data)).toEqual(value);
	});

	it("gives a copy", async () => {
		const data = { a: { b: [1] } };
		const value = (await evaluate("a", data)) as typeof data.a;
		value.b.push(2);
		expect(data).toEqual({ a: { b: [1] } });
	});

	it.each([
		["a +", /Unexpected end/],
		["$eval('1')", /\$eval/],
		["($f := function($x) { $f($x + 1) }; $f(1))", /more than 100000 operations/],
		["($f := function($x) { 1 + $f($x + 1) }; $f(1))", /Stack overflow/],
		["[1..10000000]", /sequence/],
		["$map([1..99999], function($x) { $map([1..99999], function($y) { $y }) })", /operations/],
		['$reduce([1..40], function($a, $b) { $a & $a }, "xxxxxxxxxxxxxxxx")', /characters/],
		["$pad('x', 100000000)", /\$pad makes texts/],
		[
			"$join([1..100000].$pad('x', 1000))",
			/a value in it takes more|\$join makes texts|operations/,
		],
		["$join($map([1..1000], function($x) { 'x' }), $pad('y', 2000))", /\$join makes texts/],
		["($a := $pad('x', 1000000); [1..9].$a)", /a value in it takes more/],
		["($a := [1..90000]; [1..20].[$a] & '')", /a value in it takes more/],
		["$map([1..9000], function($x) { $length($pad('x', 100000)) })", /operations/],
		[
			"$map([1..900], function($x) { $match($pad('x', 9900), /x{400}y/) })",
			/patterns take too long/,
		],
		["$fromMillis(0, '[Y,999999999]')", /widths of at most 99/],
		["$now('[Y,*-500]')", /widths of at most 99/],
		["$toMillis($pad('1', 40, '1') & 'x', '[Y]1[M]1[D]1[H]1[m]1[s]')", /no digits alone/],
		["$toMillis('x', '[MN][MN][MN][MN][MN][MN]')", /each component once/],
		["$toMillis($pad('1', 101, '1'), '[Y]')", /a time has at most/],
		["$match('x', /(x)\\1/)", /cannot be matched in bounded time/],
		["$match('x', /(?=x)/)", /cannot be matched in bounded time/],
		["$match('x', /x{500}y{500}/)", /instructions of at most/],
		["function($x) { $x }", /a function, not a value/],
		["$sum", /a function, not a value/],
		["$error('mine')", /mine/],
		["$unknown(1)", /non-function/],
	])("%s says why it has no value", async (text, why) => {
		const failing = async () => evaluate(text);
		await expect(failing()).rejects.toMatchObject({
			code: "EXPRESSION_FAILED",
			message: expect.stringMatching(why),
			details: { where: "a test" },
		});
	});

	it("is as long as it may be, and no longer", () => {
		const long = "1".padEnd(LIMITS.expressionLength, " ");
		expect(syntaxFault(long)).toBeUndefined();
		expect(syntaxFault(`${long} `)).toMatch(/characters/);
	});

	it("counts its operations anew each time", async () => {
		const each = compile("$sum($map([1..500], function($x) { $x }))", "a test");
		for (let turn = 0; turn < 100; turn++) expect(await each.evaluate({}, "a test")).toBe(125_250);
	});
});

describe("a pattern", () => {
	const hostile = "a".repeat(5_000);

	it.each([
		"(a+)+b",
		"(a|a)*b",
		"(a|aa){30}b",
		"(a+){20}b",
		`${"a?".repeat(40)}a{40}b`,
		"a*a*a*a*a*b",
		".*.*.*.*=.*",
		"(.*)*x",
	])("%s is matched in no time, which JavaScript's own way would take for ever to", (source) => {
		expect(patternFault(new RegExp(source))).toBeUndefined();
		expect(new LinearPattern(new RegExp(source)).exec(hostile)).toBeNull();
	});

	it.each(["(a)\\1", "(?=a)", "(?<=a)b", "(?!a)", "(a{100}){100}"])("%s is refused", (source) => {
		expect(patternFault(new RegExp(source))).toBeDefined();
	});

	it.each<[RegExp, string]>([
		[/a+b*/g, "xaabab"],
		[/(a+)|(b)/g, "aab"],
		[/^\w+@\w+\.\w+$/g, "a@b.c"],
		[/a{2,3}?/g, "aaaaa"],
		[/[^\d\s]+/g, "ab 1 é\u00a0c"],
		[/\bx/gi, "ax X x"],
		[/^./gm, "ab\ncd"],
		[/[\u4e00-\u9fa5]\/\//g, "x語//"],
	])("%s finds what JavaScript's own way finds", (pattern, text) => {
		const linear = new LinearPattern(pattern);
		for (let turn = 0; turn < 5; turn++) {
			const found = pattern.exec(text);
			const own = linear.exec(text);
			expect(own === null ? null : [own.index, ...Array.from(own)]).toEqual(
				found === null ? null : [found.index, ...found],
			);
			expect(linear.lastIndex).toBe(pattern.lastIndex);
		}
	});
});

describe("a template", () => {
	const render = async (value: string, data: object = {}) =>
		(await parametersOf({ value }, { where: "a test" }).render(data)).value;

	it.each<[string, object, unknown]>([
		["plain", {}, "plain"],
		["{{ a }}", { a: [1] }, [1]],
		["  {{ a }} ", { a: 1 }, 1],
		["a is {{ a }}!", { a: { b: 1 } }, 'a is {"b":1}!'],
		["{{ a }}{{ b }}", { a: 1, b: "x" }, "1x"],
		["{{ a }}", {}, undefined],
		["[{{ a }}]", {}, "[]"],
		['{{ {"a": {"b": a}} }}', { a: 1 }, { a: { b: 1 } }],
		["{{ not closed", {}, "{{ not closed"],
		["}} {{", {}, "}} {{"],
	])("%s of %j", async (text, data, value) => {
		expect(await render(text, data)).toEqual(value);
	});

	it("is not looked for in what another one gave", async () => {
		expect(await render("{{ a }}", { a: "{{ b }}", b: "secret" })).toBe("{{ b }}");
		expect(await render("x{{ a }}", { a: "{{ b }}", b: "secret" })).toBe("x{{ b }}");
	});

	it("stands anywhere in the parameters but in their names", async () => {
		const parameters = parametersOf(
			{ list: ["{{ a }}", { "{{ a }}": "{{ a }}" }], fixed: { b: [1] } },
			{ where: "a test" },
		);
		expect(parameters.fixed).toBeNull();
		expect(await parameters.render({ a: 7 })).toEqual({
			list: [7, { "{{ a }}": 7 }],
			fixed: { b: [1] },
		});
	});

	it("has its faults at their places", () => {
		const config = { if: "a >", list: [{ text: "fine {{ a }}, bad {{ b + }}" }], plain: "a >" };
		expect(templateFaults(config, ["if"])).toEqual([
			{ path: ["if"], message: expect.stringContaining('the expression "a >"') },
			{ path: ["list", 0, "text"], message: expect.stringContaining('the expression "b +"') },
		]);
	});

	it("is told from other texts", () => {
		expect(["{{ a }}", "x {{a}}", "{ a }", "{{", 1, null].map(isTemplate)).toEqual([
			true,
			true,
			false,
			false,
			false,
			false,
		]);
	});
});
