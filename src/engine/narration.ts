/**
 * What the chronicle tells of an outcome beside the outcome itself, where the type has a graph: the
 * turns of polls and loops, and how far the instance is.
 */
import type { StepRow } from "../db/instance-store";
import { decode, type Encoded } from "../model/codec";
import type { Graph } from "../model/graph";
import { toJson } from "../model/http";
import { stepCallOf, stepNameOf } from "../model/ids";
import type { ProgressView } from "../model/rpc";
import type { Journal } from "./journal";
import { Progress } from "./progress";

/** An event whose data are made when they are asked for: few readers want every one. */
export interface ToldEvent {
	/** `workflow.step.completed` and so on, or the name that a program gave to one of its own. */
	name: string;
	/** Plain JSON. */
	data(): Record<string, unknown>;
}

/** Node kinds whose steps are turns, with the name of the event and of the turn's number. */
const TURNS: Readonly<Record<string, readonly [event: string, count: string]>> = {
	poll: ["workflow.step.poll", "pollCount"],
	loop: ["workflow.step.loop", "loopCount"],
};

/** What is beside the outcome of this number, from 0. */
export function narrate(graph: Graph | null, journal: Journal, index: number): ToldEvent[] {
	const row = journal.outcomes[index];
	if (graph === null || row?.status !== "completed") return [];
	const stepName = stepNameOf(row.key);
	const node = graph.nodes.find(({ id }) => id === stepName);
	if (node === undefined) return [];
	const [event, count] = TURNS[node.kind] ?? [];
	const turn =
		event === undefined || count === undefined
			? []
			: [
					{
						name: event,
						data: () => ({ stepName, [count]: stepCallOf(row.key), result: jsonOf(row.result) }),
					},
				];
	return [...turn, progressEvent(() => storyOf(graph, journal).after(index))];
}

/** What is beside the completion of an instance. */
export function narrateEnd(graph: Graph | null, journal: Journal): ToldEvent[] {
	return graph === null ? [] : [progressEvent(() => storyOf(graph, journal).end())];
}

function progressEvent(progress: () => ProgressView | undefined): ToldEvent {
	return { name: "workflow.progress", data: () => ({ ...progress() }) };
}

/** How far an instance was after each of its outcomes, told to any number of followers. */
class Story {
	readonly graph: Graph;
	readonly #outcomes: readonly StepRow[];
	readonly #progress: Progress;
	readonly #views: ProgressView[] = [];

	constructor(graph: Graph, { outcomes }: Journal) {
		this.graph = graph;
		this.#outcomes = outcomes;
		this.#progress = new Progress(graph);
	}

	after(index: number): ProgressView | undefined {
		for (const row of this.#outcomes.slice(this.#views.length, index + 1)) {
			this.#progress.see(row);
			this.#views.push(this.#progress.view());
		}
		return this.#views[index];
	}

	end(): ProgressView {
		this.after(this.#outcomes.length - 1);
		return this.#progress.end();
	}
}

/** An outcome never changes (J1), so what there is to tell of it does not either. */
const stories = new WeakMap<Journal, Story>();

function storyOf(graph: Graph, journal: Journal): Story {
	const known = stories.get(journal);
	if (known?.graph === graph) return known;
	const story = new Story(graph, journal);
	stories.set(journal, story);
	return story;
}

/** A stored value as events have it; none: null. */
export function jsonOf(value: Encoded | null): unknown {
	return value === null ? null : (toJson(decode(value)) ?? null);
}
