/** A node that a definition names, and the parameters that it is given there. */
import { printable, shortened } from "../../model/printable";
import type { JsonObject, KnownNodes, NodeShape } from "./definition";
import { jsonObjectOf, jsonOf, locate, type Member, type Value } from "./document";
import { type Faults, type Located, listed, quoted, suggestion } from "./faults";

/** Undefined when there is no such node, which `faults` then say. */
export function lookUp(
	node: string,
	at: Located,
	nodes: KnownNodes,
	faults: Faults,
): NodeShape | undefined {
	const shape = nodes.get(node);
	if (shape === undefined) {
		const meant = suggestion(node, nodes.ids);
		faults.add(at, `Unknown node: ${shortened(node, 60)}.${meant}${advice(node, nodes)}`);
	}
	return shape;
}

function advice(node: string, nodes: KnownNodes): string {
	if (node.endsWith("?"))
		return " A key with a ? is an edge, and stands inside of the node it leaves.";
	if (node.startsWith("$")) return " A key with a $ is an option, and stands inside of its node.";
	return ` Known: ${listed(nodes.ids)}.`;
}

/** What stands where a node is given something: nothing, an object's members, or another value. */
type Given = null | readonly Member[] | Value;

/** Where the node is named, and what it is given there. */
export interface Use {
	readonly node: string;
	readonly shape: NodeShape | undefined;
	readonly at: Located;
	readonly given: Given;
}

/** The parameters, checked by the node itself. */
export function parametersOf(use: Use, faults: Faults): JsonObject {
	const { node, shape, at, given } = use;
	if (given !== null && "kind" in given) return shorthand(given, use, faults);
	const config = jsonObjectOf(given ?? []);
	if (issuesOf(shape, config).length === 0) return config;
	// Names that the node does not have are told at their own places, by the nearest that it has.
	const names = namesOf(shape);
	const known: Member[] = [];
	for (const { key, value, ...place } of given ?? []) {
		if (names === null || names.includes(key)) known.push({ key, value, ...place });
		else faults.add(place, unknownParameter(key, node, names));
	}
	for (const { path, message } of issuesOf(shape, jsonObjectOf(known))) {
		const [first, ...inside] = path;
		const member = known.find(({ key }) => key === String(first));
		if (member === undefined) faults.add(at, named(path, message));
		else addInside(member.value, inside, message, faults);
	}
	return config;
}

/** Of all parameters that it takes; null: that is not known. */
function namesOf(shape: NodeShape | undefined): string[] | null {
	const schema = shape?.schema;
	if (schema?.type !== "object" || schema.additionalProperties !== false) return null;
	return Object.keys(schema.properties ?? {});
}

function unknownParameter(key: string, node: string, names: readonly string[]): string {
	return `"${node}" has no parameter ${quoted(key)}.${suggestion(key, names)} Expected ${names.length === 0 ? "none" : listed(names)}.`;
}

/** A value that is one of the node's parameters. */
function shorthand(given: Value, { node, shape }: Use, faults: Faults): JsonObject {
	const isShort = given.kind === "string" || given.kind === "list";
	const name = shape?.shorthand;
	if (!isShort || name === undefined) {
		const short = name === undefined ? "" : `, or its "${name}" as a string or a list`;
		// Of a node that is not known, it may well be short for something.
		if (!isShort || shape !== undefined) {
			faults.expected(given, `an object of the parameters of "${node}"${short}`);
		}
		return {};
	}
	const config = { [name]: jsonOf(given) };
	for (const { path, message } of issuesOf(shape, config)) {
		if (path[0] === name) addInside(given, path.slice(1), message, faults);
		else faults.add(given, named(path, message));
	}
	return config;
}

function addInside(
	value: Value,
	path: readonly (string | number)[],
	message: string,
	faults: Faults,
): void {
	const { at, rest } = locate(value, path);
	faults.add(at, named(rest, message));
}

/** With the name of what is missing. */
function named(path: readonly (string | number)[], message: string): string {
	return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}

function issuesOf(
	shape: NodeShape | undefined,
	config: JsonObject,
): ReturnType<NodeShape["check"]> {
	try {
		return shape?.check(config) ?? [];
	} catch (error) {
		// A node's check is its author's code.
		return [
			{
				path: [],
				message: `The node's check of its parameters failed: ${shortened(printable(error))}.`,
			},
		];
	}
}
