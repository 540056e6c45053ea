/** The registry: which nodes there are, and what is wrong with one. */
import { describe, expect, it } from "vitest";
import { parseGraph } from "../../../src/authoring/graph/parse";
import { NodeRegistry } from "../../../src/authoring/graph/registry";
import { WorkflowNode } from "../../../src/library";
import { LIMITS } from "../../../src/model/limits";
import { nodeClass } from "./deploy";

const nothing = () => ({});
const BUILT_IN = [
	"log",
	"delay",
	"http",
	"transform",
	"condition",
	"switch",
	"set-state",
	"snapshot",
	"rollback",
	"wait-event",
	"loop",
	"parallel",
	"sub-workflow",
	"fail",
];

describe("a registry", () => {
	it("has the built-in nodes", () => {
		const nodes = new NodeRegistry();
		expect(nodes.listNodes().map(({ id }) => id)).toEqual(BUILT_IN);
		expect(nodes.getMetadata("log")).toMatchObject({ id: "log", name: "Log", version: "1.0.0" });
		expect(nodes.getInstance("log")).toBeInstanceOf(WorkflowNode);
	});

	it("discovers the classes of nodes that modules export", () => {
		const [Greet, Pay] = [nodeClass("greet", nothing), nodeClass("pay", nothing)];
		const nodes = new NodeRegistry();
		const found = nodes.discover([
			{ default: Greet, Greet, VERSION: "1", help: () => 1, Base: class {}, WorkflowNode },
			{ Pay },
		]);
		expect(found.map(({ id }) => id)).toEqual(["greet", "pay"]);
		expect(nodes.discover({ Pay }).map(({ id }) => id)).toEqual(["pay"]);
		expect(() => nodes.discover("./nodes" as unknown as object)).toThrow(/no folders/);
	});

	it("has one instance of a singleton, and otherwise one for each use", () => {
		const nodes = new NodeRegistry();
		nodes.register(nodeClass("one", nothing), { singleton: true });
		nodes.register(nodeClass("many", nothing));
		expect(nodes.getInstance("one")).toBe(nodes.getInstance("one"));
		expect(nodes.acquire("one")).toBe(nodes.acquire("one"));
		expect(nodes.getInstance("many")).not.toBe(nodes.getInstance("many"));
	});

	it("keeps so many instances for the next use, and no more", () => {
		const nodes = new NodeRegistry();
		nodes.register(nodeClass("many", nothing));
		const used = Array.from({ length: LIMITS.nodePool + 1 }, () => nodes.acquire("many"));
		expect(new Set(used).size).toBe(used.length);
		for (const node of used) nodes.release("many", node);
		const again = Array.from({ length: used.length }, () => nodes.acquire("many"));
		expect(again.filter((node) => used.includes(node))).toHaveLength(LIMITS.nodePool);
	});

	it("says which node may be meant by one that there is not", () => {
		const nodes = new NodeRegistry();
		for (const ask of ["getInstance", "getMetadata", "acquire"] as const) {
			expect(() => nodes[ask]("htpp")).toThrow(
				expect.objectContaining({
					code: "NODE_NOT_FOUND",
					message: expect.stringContaining('Did you mean "http"?'),
				}),
			);
		}
		expect(nodes.get("htpp")).toBeUndefined();
	});

	it("refuses two nodes of one id", () => {
		const nodes = new NodeRegistry();
		expect(() => nodes.register(nodeClass("log", nothing))).toThrow(/Two nodes have the id "log"/);
		const Own = nodeClass("own", nothing);
		nodes.register(Own);
		nodes.register(Own);
		expect(() => nodes.register(nodeClass("own", nothing))).toThrow(/Two nodes/);
	});

	it.each<[object, RegExp]>([
		[{ id: "a b" }, /has id that is not/],
		[{ id: "" }, /has id that is not/],
		[{ id: "x".repeat(65) }, /has id that is not/],
		[{ name: "" }, /has name that is not a text/],
		[{ version: "1.0" }, /has version that is not three numbers/],
		[{ description: 1 }, /description/],
		[{ inputs: "a" }, /has inputs that is not a list of names/],
		[{ edges: ["a", "a"] }, /has edges that is not a list without repetition/],
		[{ outputs: [1] }, /outputs/],
		[{ expressions: [""] }, /expressions/],
		[{ shorthand: "" }, /shorthand/],
		[{ config: {} }, /has config that is not a Standard Schema/],
		[{ retry: { limit: 0 } }, /retries.limit/],
	])("refuses metadata with %j", (fault, why) => {
		expect(() => new NodeRegistry().register(nodeClass("own", nothing, fault))).toThrow(why);
	});

	it("refuses what is no class of nodes, or cannot be made", () => {
		const nodes = new NodeRegistry();
		expect(() => nodes.register(class {} as never)).toThrow(/extends WorkflowNode/);
		class Needy extends nodeClass("needy", nothing) {
			constructor(given?: { url: string }) {
				super();
				if (given === undefined) throw new Error("no url");
			}
		}
		expect(() => nodes.register(Needy)).toThrow(/Needy cannot be made without arguments: no url/);
		class Bare extends WorkflowNode {
			metadata = undefined as never;
			execute = async () => ({});
		}
		expect(() => nodes.register(Bare)).toThrow(/Bare has no metadata/);
	});
});

describe("the parser with the nodes that there are", () => {
	const faultsOf = (workflow: unknown[]) => {
		const written = { id: "g", name: "g", version: "1.0.0", workflow };
		const parsed = parseGraph(written as never, new NodeRegistry());
		return "faults" in parsed
			? parsed.faults.map(({ path, message }) => `${path}: ${message}`)
			: [];
	};

	it.each<[unknown, RegExp | null]>([
		[{ log: {} }, null],
		[{ log: { level: "loud" } }, /\/workflow\/0\/log\/level: /],
		[{ log: { mesage: "x" } }, /mesage/],
		[{ condition: {} }, /JSONata/],
		[{ condition: { if: "a >" } }, /\/workflow\/0\/condition\/if: the expression "a >"/],
		[{ condition: { if: "{{ a > }}" } }, /the expression "a >"/],
		[{ condition: { if: "a", "ture?": [] } }, /no edge "ture".*Did you mean "true"/],
		[{ http: { url: "{{ input.url }}", timeout: "{{ t }}", method: "{{ m }}" } }, null],
		[{ http: { url: "https://a.example", method: "SEND" } }, /method/],
		[{ http: { url: "https://a.example", headers: { "a b": "x" } } }, /header/],
		[{ http: { url: "{{ a + }}" } }, /\/workflow\/0\/http\/url: the expression "a \+"/],
		[{ delay: { duration: "soon" } }, /a duration/],
		[{ delay: {} }, /"duration" or "until"/],
		[{ delay: { duration: "1s", until: 0 } }, /"duration" or "until"/],
		[{ loop: { "loop?": "log" } }, /a loop has an end/],
		[{ loop: { times: 2, over: "a", "loop?": "log" } }, /not both/],
		[{ loop: { times: -1, "loop?": "log" } }, /times/],
		[{ parallel: { onError: "never", "a?": "log" } }, /onError/],
		[{ "wait-event": {} }, /event/],
		[{ "set-state": {} }, /"values" or "unset"/],
		[{ "sub-workflow": { type: "no type" } }, /a type's name/],
		[{ transform: { expression: "(a+)+", into: "" } }, /into/],
		[{ transform: "$match(a, /(x)\\1/)" }, /cannot be matched in bounded time/],
		[{ transform: "$match(a, /(x+)+/)" }, null],
		[{ fail: "no" }, null],
	])("%j", (place, fault) => {
		const faults = faultsOf([place]);
		if (fault === null) expect(faults).toEqual([]);
		else expect(faults.join("\n")).toMatch(fault);
	});
});
