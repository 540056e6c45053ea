/**
 * From the text of a definition to what can be run, or to all that is wrong with it: the syntax
 * (`document.ts`), the fields (`settings.ts`), the places (`places.ts`) and the ways between them
 * (`flow.ts`). Pure: the same text gives the same answer.
 */
import type { Fault } from "../../model/definition";
import { LIMITS } from "../../model/limits";
import { isJson } from "../../model/storable";
import type { GraphDefinition, GraphSettings, Json, KnownNodes } from "./definition";
import { jsonOf, type ObjectValue, objectOf, parseDocument, textOf, type Value } from "./document";
import { Faults } from "./faults";
import { ANY, parseFields } from "./fields";
import { type Places, parsePlaces } from "./places";
import { ABOUT, SETTINGS } from "./settings";
import { isStepsList, parseStepsList } from "./steps-list";

export type ParsedGraph =
	| { readonly definition: GraphDefinition }
	| { readonly faults: readonly Fault[] };

/**
 * Parses a definition: its text, or JSON that is parsed already. Faults are in the order of the
 * text, at most `LIMITS.graphFaults`; lines and columns of a value without text are those that
 * `JSON.stringify(value, null, 2)` gives it. While the syntax is at fault, only that is looked at.
 *
 * @example
 * const parsed = parseGraph(text, nodes);
 * if ("faults" in parsed) for (const { line, message } of parsed.faults) console.error(line, message);
 */
export function parseGraph(source: string | Json, nodes: KnownNodes): ParsedGraph {
	const faults = new Faults();
	const definition = definitionOf(source, nodes, faults);
	return definition === undefined || faults.count > 0
		? { faults: faults.sorted() }
		: { definition };
}

function definitionOf(
	source: string | Json,
	nodes: KnownNodes,
	faults: Faults,
): GraphDefinition | undefined {
	const text = typeof source === "string" ? source : printed(source, faults);
	const document = text === undefined ? undefined : parseDocument(text, faults);
	if (document === undefined) return undefined;
	if (document.kind !== "object") {
		faults.expected(document, "a definition, which is an object");
		return undefined;
	}
	return isStepsList(document)
		? parseStepsList(document, nodes, faults)
		: parseWorkflow(document, nodes, faults);
}

function printed(value: Json, faults: Faults): string | undefined {
	if (isJson(value)) return JSON.stringify(value, null, 2);
	faults.add(
		{ path: "", line: 1, column: 1 },
		"Expected plain JSON: objects, each in one place, lists, texts, finite numbers, true, false and null; received something else.",
	);
	return undefined;
}

/** Of a faulty one: whatever could be made of it. */
function parseWorkflow(value: ObjectValue, nodes: KnownNodes, faults: Faults): GraphDefinition {
	const fields = { ...ABOUT, settings: ANY, workflow: ANY };
	const required = ["id", "name", "version", "workflow"];
	const found = parseFields(value, fields, { required, what: "a definition" }, faults);
	const tags = found.get("tags");
	return {
		id: textOf(found.get("id")) ?? "",
		name: textOf(found.get("name")) ?? "",
		version: textOf(found.get("version")) ?? "",
		about: {
			description: textOf(found.get("description")),
			tags: tags?.kind === "list" ? tags.items.flatMap((tag) => textOf(tag) ?? []) : [],
			metadata: objectOf(found.get("metadata")),
		},
		initialState: objectOf(found.get("initialState")) ?? {},
		input: objectOf(found.get("input")),
		settings: settingsOf(found.get("settings"), faults),
		...topListOf(found.get("workflow"), nodes, faults),
	};
}

function settingsOf(value: Value | undefined, faults: Faults): GraphSettings {
	const limits = {
		maxIterations: LIMITS.graphIterations,
		maxExecutions: LIMITS.graphExecutions,
	};
	if (value === undefined) return limits;
	const found = parseFields(value, SETTINGS, { what: "settings" }, faults);
	const given = Object.fromEntries([...found].map(([key, setting]) => [key, jsonOf(setting)]));
	// As the checks of its fields have it.
	return { ...limits, ...(given as Partial<GraphSettings>) };
}

function topListOf(value: Value | undefined, nodes: KnownNodes, faults: Faults): Places {
	if (value?.kind === "list" && value.items.length > 0) return parsePlaces(value, nodes, faults);
	if (value !== undefined) faults.expected(value, "a list of at least one object of nodes");
	return { places: new Map(), start: [] };
}
