/**
 * The top list of a definition and the routes inside of it, as places. Each node is looked up, its
 * edges, options and parameters are checked, each string becomes a jump or a place.
 *
 * Goes on after a fault with what is left. What may only be the consequence of a fault, as a place
 * that is never reached when a jump was mistyped, is not reported.
 */
import { LIMITS } from "../../model/limits";
import type { Json, KnownNodes, NodeShape, Place, PlaceOptions, Route, Stop } from "./definition";
import { jsonOf, type ListValue, type Member, type Value } from "./document";
import { type Faults, type Located, listed, quoted, suggestion } from "./faults";
import { checkField, unknownField } from "./fields";
import { checkCycles, checkReached, type TopPlace } from "./flow";
import { lookUp, parametersOf } from "./parameters";
import { PLACE_OPTIONS } from "./settings";
import { edgesOf, isAwaited, LOOP, mayGoOn } from "./shape";
import { Targets } from "./targets";

const EDGE = /^[a-zA-Z0-9_-]+\?$/;
const ROUTE =
	"a route: a string, a list of strings and objects, or an object of nodes; [] ends at once";

/** What stands in a list: a string, or a node and what it is given. */
interface Entry extends Located {
	readonly word: string;
	/** Null: a string. */
	readonly value: Value | null;
	readonly address: string;
}

/** Where an entry stands. */
interface Scope {
	/** What it leads to counts for this place of the top list. */
	readonly top: TopPlace;
	/** Of its list; of the top list: 1. */
	readonly depth: number;
	readonly isInLoop: boolean;
	/** As `parallel`: the node that waits for its route to come back. */
	readonly waiting: string | null;
}

/** What became of an entry: which stop, and whether it may be left to the next; null: not known. */
interface Stopped {
	readonly stop: Stop | null;
	readonly goesOn: boolean | null;
}

export interface Places {
	readonly places: ReadonlyMap<string, Place>;
	readonly start: Route;
}

export function parsePlaces(list: ListValue, nodes: KnownNodes, faults: Faults): Places {
	const parser = new PlaceParser(nodes, faults);
	const start = parser.parse(list);
	return { places: parser.places, start };
}

class PlaceParser {
	readonly places = new Map<string, Place>();
	readonly #names = new Map<string, Located>();
	/** Strings that mean nothing, as it seems. */
	readonly #strays: (Located & { word: string })[] = [];
	#targets = new Targets([]);
	/** Whether all places and jumps could be made out. */
	#isWhole = true;
	/** Whether there are more places than may be. */
	#isOver = false;

	constructor(
		readonly nodes: KnownNodes,
		readonly faults: Faults,
	) {}

	parse(list: ListValue): Stop[] {
		const entries = list.items.flatMap((item, index) => this.#topEntries(item, `${index}`));
		const tops = entries.map(
			({ word, value, ...entry }): TopPlace => ({
				...entry,
				node: word,
				name: nameOf(value),
				goesOn: null,
				jumps: [],
			}),
		);
		this.#targets = new Targets(tops);
		const start = entries.flatMap((entry, index) => {
			const top = tops[index];
			if (top === undefined) return [];
			const scope = { top, depth: 1, isInLoop: false, waiting: null };
			const { stop, goesOn } = this.#place(entry, scope);
			top.goesOn = goesOn;
			return stop ?? [];
		});
		for (const stray of this.#strays) this.faults.add(stray, this.#strayMessage(stray.word));
		checkCycles(tops, this.faults);
		if (this.#isWhole) checkReached(tops, this.faults);
		return start;
	}

	#topEntries(item: Value, base: string): Entry[] {
		if (item.kind === "object") return this.#entriesOf(item, base);
		const example = item.kind === "string" ? quoted(item.value) : '"log"';
		this.faults.expected(item, `an object of nodes, as { ${example}: {} }, in the top list`);
		this.#isWhole = false;
		return [];
	}

	/** `base`: the address of the value. */
	#entriesOf(value: Value, base: string): Entry[] {
		switch (value.kind) {
			case "string":
				return [entry(value, value.value, null, base)];
			case "list":
				return value.items.flatMap((item, index) => {
					if (item.kind !== "list") return this.#entriesOf(item, `${base}/${index}`);
					this.faults.expected(item, "a string or an object of nodes");
					this.#isWhole = false;
					return [];
				});
			case "object":
				if (value.members.length === 0) {
					this.faults.add(value, 'Expected a node, as { "log": {} }; received an empty object.');
				}
				return value.members.map((member) => entry(member, member.key, member.value, base));
			default:
				this.faults.expected(value, ROUTE);
				this.#isWhole = false;
				return [];
		}
	}

	#route(value: Value, address: string, scope: Scope): Stop[] {
		if (scope.depth > LIMITS.graphDepth) {
			this.faults.add(
				value,
				`Expected routes in routes of at most ${LIMITS.graphDepth} levels; received more. Move this one to the top list, and jump to it by "$name".`,
			);
			this.#isWhole = false;
			return [];
		}
		const stops: Stop[] = [];
		let last: (Stopped & { entry: Entry }) | undefined;
		let isCut = false;
		for (const each of this.#entriesOf(value, address)) {
			if (last?.goesOn === false && !isCut) {
				isCut = true;
				this.faults.add(each, cutMessage(last.entry, last.stop));
			}
			// Behind the cut there may be further faults, but nothing that counts.
			const stopped = this.#stop(
				each,
				isCut ? { ...scope, top: { ...scope.top, jumps: [] } } : scope,
			);
			last = { ...stopped, entry: each };
			if (stopped.stop !== null && !isCut) stops.push(stopped.stop);
		}
		return stops;
	}

	#stop(entry: Entry, scope: Scope): Stopped {
		if (entry.value !== null || this.faults.isFull) return this.#place(entry, scope);
		const targets = this.#targets.of(entry.word);
		const [target] = targets;
		if (target === undefined) {
			if (this.nodes.get(entry.word) !== undefined) return this.#place(entry, scope);
			if (this.#strays.length < LIMITS.graphFaults) this.#strays.push(entry);
		} else if (targets.length > 1) {
			const addresses = listed(targets.map(({ top }) => top.address));
			this.faults.add(
				entry,
				`${quoted(entry.word)} may be any of ${targets.length} places of the top list (${addresses}): give the one that is meant a "$name" of its own, and jump to that.`,
			);
		} else {
			if (scope.waiting !== null) this.faults.add(entry, waitingMessage(entry.word, scope.waiting));
			scope.top.jumps.push({ to: target.index, at: entry, isInLoop: scope.isInLoop });
			return { stop: { jump: target.top.address }, goesOn: false };
		}
		this.#isWhole = false;
		return { stop: null, goesOn: null };
	}

	#place(entry: Entry, scope: Scope): Stopped {
		const { word: node, value, address } = entry;
		if (!this.#hasRoom(entry)) return { stop: null, goesOn: null };
		const shape = lookUp(node, entry, this.nodes, this.faults);
		const parts = partsOf(value);
		const edges = new Map<string, Route>();
		this.places.set(address, {
			address,
			node,
			name: nameOf(value),
			options: this.#options(parts.options),
			config: parametersOf({ node, shape, at: entry, given: parts.given }, this.faults),
			edges,
		});
		for (const { key, value: route, ...at } of parts.edges) {
			const edge = key.slice(0, -1);
			this.#checkEdge(edge, { node, shape, at });
			const isWaitedFor = shape !== undefined && isAwaited(shape, edge);
			const inside: Scope = {
				top: scope.top,
				depth: scope.depth + 1,
				isInLoop: scope.isInLoop || (edge === LOOP && !isWaitedFor),
				waiting: isWaitedFor ? node : scope.waiting,
			};
			edges.set(edge, this.#route(route, `${address}/${key}`, inside));
		}
		const goesOn = shape === undefined ? null : mayGoOn(shape, (edge) => edges.has(edge));
		return { stop: { place: address }, goesOn };
	}

	/** False when no more places are taken, or nobody would hear of their faults. */
	#hasRoom(entry: Entry): boolean {
		if (this.faults.isFull) return false;
		if (entry.address.length > LIMITS.stepNameLength) {
			this.faults.add(
				entry,
				`Expected a place whose path below "/workflow" has at most ${LIMITS.stepNameLength} characters, since it names its step; received ${entry.address.length}. Move it to the top list, and jump to it by "$name".`,
			);
			return false;
		}
		if (this.places.size < LIMITS.graphPlaces) return true;
		if (!this.#isOver) {
			this.faults.add(entry, `Expected at most ${LIMITS.graphPlaces} places; received more.`);
		}
		this.#isOver = true;
		this.#isWhole = false;
		return false;
	}

	#options(members: readonly Member[]): PlaceOptions {
		const options: Record<string, Json> = {};
		for (const { key, value, ...at } of members) {
			const field = Object.hasOwn(PLACE_OPTIONS, key) ? PLACE_OPTIONS[key] : undefined;
			if (field === undefined) {
				this.faults.add(at, unknownField(key, Object.keys(PLACE_OPTIONS), "options of a place"));
				continue;
			}
			checkField(value, field, this.faults);
			if (key === "$name") this.#claimName(value);
			else options[key.slice(1)] = jsonOf(value);
		}
		// As its fields' checks have it.
		return options as PlaceOptions;
	}

	#claimName(value: Value): void {
		if (value.kind !== "string") return;
		const first = this.#names.get(value.value);
		if (first === undefined) this.#names.set(value.value, value);
		else {
			this.faults.add(
				value,
				`The "$name" ${quoted(value.value)} is taken: the place at line ${first.line} has it. Choose another.`,
			);
		}
	}

	#checkEdge(
		edge: string,
		{ node, shape, at }: { node: string; shape: NodeShape | undefined; at: Located },
	): void {
		if (!EDGE.test(`${edge}?`)) {
			this.faults.add(
				at,
				`Expected an edge's name of letters, digits, "-" and "_", and a "?" behind it; received ${quoted(`${edge}?`)}.`,
			);
			return;
		}
		const known = shape === undefined ? null : edgesOf(shape);
		if (known === null || known.includes(edge)) return;
		const meant = suggestion(edge, known);
		this.faults.add(
			at,
			`"${node}" has no edge ${quoted(edge)}.${meant} Expected one of ${listed(known.map((name) => `${name}?`))}.`,
		);
	}

	#strayMessage(word: string): string {
		const inside = this.#names.get(word);
		if (inside !== undefined) {
			return `${quoted(word)} is the "$name" of a place inside of a route (line ${inside.line}): only places of the top list can be jumped to. Move it there.`;
		}
		const known = [...this.#targets.words(), ...this.nodes.ids];
		return `Nothing is called ${quoted(word)}.${suggestion(word, known)} Expected a place of the top list, by its "$name" or node, or a node without parameters.`;
	}
}

function entry(
	{ path, line, column }: Located,
	word: string,
	value: Value | null,
	base: string,
): Entry {
	return { path, line, column, word, value, address: `${base}/${word}` };
}

/** Of what a node is given: its edges, its options, and the rest. */
function partsOf(value: Value | null) {
	if (value?.kind !== "object") return { edges: [], options: [], given: value };
	const isEdge = ({ key }: Member) => key.endsWith("?");
	const isOption = ({ key }: Member) => key.startsWith("$") && !key.endsWith("?");
	return {
		edges: value.members.filter(isEdge),
		options: value.members.filter(isOption),
		given: value.members.filter((member) => !isEdge(member) && !isOption(member)),
	};
}

function nameOf(value: Value | null): string | null {
	if (value?.kind !== "object") return null;
	const name = value.members.find(({ key }) => key === "$name")?.value;
	return name?.kind === "string" ? name.value : null;
}

function cutMessage({ word }: Entry, stop: Stop | null): string {
	if (stop !== null && "jump" in stop) {
		return `Never reached: the jump to ${quoted(word)} before it does not come back. Put it before the jump, or take it away.`;
	}
	return `Never reached: ${quoted(word)} before it is always left by one of its routes, which are the rest of this list. Put it into these, or jump to it in the top list.`;
}

function waitingMessage(word: string, waiting: string): string {
	return `${quoted(word)} is a place of the top list: a route that "${waiting}" waits for cannot jump there. For a node of its own, write { ${quoted(word)}: {} }.`;
}
