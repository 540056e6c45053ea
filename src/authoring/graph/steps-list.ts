/** A definition that is a list of steps, one after the other, each named by its id. */
import { parseStepName } from "../../model/ids";
import { LIMITS } from "../../model/limits";
import type { GraphDefinition, JsonObject, KnownNodes, Place, Stop } from "./definition";
import { type ObjectValue, objectOf, textOf, type Value } from "./document";
import { type Faults, type Located, quoted } from "./faults";
import {
	ANY,
	checkField,
	type Field,
	type Fields,
	issuesOf,
	OBJECT,
	parseFields,
	TEXT,
} from "./fields";
import { lookUp, parametersOf } from "./parameters";
import { ID, LIST_ABOUT } from "./settings";

const VERSION = "1.0.0";

const stepId: Field = {
	schema: { type: "string", minLength: 1, maxLength: LIMITS.stepNameLength },
	issues: (value) => issuesOf(() => parseStepName(value)),
};

/** How long a `delay` of a list waits that does not say it (seed 000). */
const LIST_DELAY_MS = 1_000;

/** Of one step. */
export const STEP: Fields = { id: stepId, type: TEXT, config: OBJECT };

/** Whether a definition has this form. */
export function isStepsList({ members }: ObjectValue): boolean {
	const has = (name: string) => members.some(({ key }) => key === name);
	return has("steps") && !has("workflow");
}

/** Of a faulty one: whatever could be made of it. */
export function parseStepsList(
	value: ObjectValue,
	nodes: KnownNodes,
	faults: Faults,
): GraphDefinition {
	const rule = { required: ["name", "steps"], what: "a list of steps" };
	const found = parseFields(value, { ...LIST_ABOUT, steps: ANY }, rule, faults);
	const name = found.get("name");
	// Without an id, the name is the type's.
	if (!found.has("id") && name?.kind === "string") checkField(name, ID, faults);
	const places = parseSteps(found.get("steps"), nodes, faults);
	return {
		id: textOf(found.get("id") ?? name) ?? "",
		name: textOf(name) ?? "",
		version: textOf(found.get("version")) ?? VERSION,
		about: { description: textOf(found.get("description")), tags: [], metadata: null },
		initialState: {},
		input: null,
		settings: {
			...optional("retry", objectOf(found.get("retryConfig"))),
			...optional("panic", objectOf(found.get("panicConfig"))),
			maxIterations: LIMITS.graphIterations,
			maxExecutions: LIMITS.graphExecutions,
		},
		places,
		start: [...places.keys()].map((place): Stop => ({ place })),
	};
}

function parseSteps(
	steps: Value | undefined,
	nodes: KnownNodes,
	faults: Faults,
): Map<string, Place> {
	const places = new Map<string, Place>();
	if (steps === undefined) return places;
	if (steps.kind !== "list" || steps.items.length === 0) {
		faults.expected(steps, "a list of at least one step");
		return places;
	}
	const lines = new Map<string, number>();
	for (const [index, step] of steps.items.entries()) {
		if (index === LIMITS.graphPlaces) {
			faults.add(step, `Expected at most ${LIMITS.graphPlaces} steps; received more.`);
			break;
		}
		const place = parseStep(step, nodes, faults);
		if (place === undefined) continue;
		const line = lines.get(place.address);
		if (line !== undefined) {
			faults.add(
				place.at,
				`The id ${quoted(place.address)} is taken: the step at line ${line} has it.`,
			);
		}
		lines.set(place.address, line ?? place.at.line);
		const { at, ...rest } = place;
		places.set(place.address, rest);
	}
	return places;
}

function parseStep(
	step: Value,
	nodes: KnownNodes,
	faults: Faults,
): (Place & { at: Located }) | undefined {
	if (faults.isFull) return undefined;
	const rule = { required: ["id", "type"], what: "a step" };
	const found = parseFields(step, STEP, rule, faults);
	const type = found.get("type");
	const id = found.get("id");
	if (type?.kind !== "string") return undefined;
	const node = type.value;
	const shape = lookUp(node, type, nodes, faults);
	const given = found.get("config");
	const members = given?.kind === "object" ? given.members : null;
	const isBare = node === "delay" && (members?.length ?? 0) === 0;
	const use = { node, shape, at: given ?? step, given: members };
	const config = isBare ? { duration: LIST_DELAY_MS } : parametersOf(use, faults);
	if (id?.kind !== "string") return undefined;
	const name = id.value;
	return { address: name, node, name, config, options: {}, edges: new Map(), at: id };
}

function optional<Key extends string>(
	key: Key,
	value: JsonObject | null,
): { [K in Key]?: JsonObject } {
	return value === null ? {} : ({ [key]: value } as { [K in Key]: JsonObject });
}
