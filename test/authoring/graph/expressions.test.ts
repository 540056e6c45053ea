/** Expressions and templates: what they come to, and where they end. */
import { describe, expect, it } from "vitest";
import { compile, syntaxFault } from "../../../src/authoring/graph/expression";
import { repetitionFault } from "../../../src/authoring/graph/pattern";
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
		["$match($pad('x', 10001), /x/)", /matched with a pattern/],
		["function($x) { $x }", /a function, not a value/],
		["$sum", /a function, not a value/],
		["$error('mine')", /mine/],
		["$unknown(1)", /non-function/],
		["/(a+)+$/", /repeats a group/],
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
	it.each(["(a+)+", "(a*)*$", "([a-z]+)*x", "(a|b)*", "(?:a+){2,}", "((a+)b)+", "(a)\\1"])(
		"%s is refused",
		(source) => {
			expect(repetitionFault(source)).toBeDefined();
		},
	);

	it.each([
		"a+b*",
		"[ab]*c",
		"(ab)+",
		"(a+)(b+)",
		"^\\w+@\\w+\\.\\w+$",
		"a{2,3}",
		"\\(a+\\)+",
		"(a|b)c",
		"[(+]+",
	])("%s is fine", (source) => {
		expect(repetitionFault(source)).toBeUndefined();
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
