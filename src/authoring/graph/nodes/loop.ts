/**
 * `loop`: its `loop?` route again and again: `while` an expression holds, so many `times`, or `over`
 * the items of a list. Its output is the turn, `{ index, item }`; at the end, how many there were.
 */
import * as z from "zod";
import { ValidationError } from "../../../model/errors";
import { type Config, ControlNode, type Decision, type Flow } from "../control";
import type { Outcome } from "../outcome";
import { isTrue } from "./condition";
import { key } from "./fields";

const WAYS = ["while", "times", "over"] as const;

const config = z
	.strictObject({
		while: z.unknown().optional(),
		times: z.int().min(0).optional(),
		over: z.unknown().optional(),
		as: key.optional(),
	})
	.refine(
		(given) => WAYS.some((way) => way in given && (way === "while" || given[way] !== undefined)),
		{
			message: 'expected "while", "times" or "over": a loop has an end',
		},
	)
	.refine((given) => !("times" in given && "over" in given && given.times !== undefined), {
		message: 'expected "times" or "over", not both',
	});

export class LoopNode extends ControlNode {
	readonly metadata = {
		id: "loop",
		name: "Loop",
		description:
			"Runs its `loop?` route while an expression holds, so many times, or for each item.",
		version: "1.0.0",
		expressions: ["while", "over", "times"],
		edges: ["loop", "done"],
		outputs: ["index", "item"],
		config,
	};
	override readonly returning = ["loop"];

	run(flow: Flow): Promise<Outcome> {
		const { loop } = flow;
		return flow.record((decision) =>
			loop === null ? first(flow, decision) : further(flow, decision),
		);
	}
}

async function first(flow: Flow, { config }: Decision): Promise<Outcome> {
	const given = await config();
	const list = given.over === undefined && !("over" in given) ? undefined : listOf(given.over);
	const count: number | undefined = list?.length ?? given.times;
	if (count !== undefined && count > flow.maxIterations) {
		throw new ValidationError(
			`The loop "${flow.place.address}" is to have ${count} turns; a place may have ${flow.maxIterations} (settings.maxIterations).`,
			{ path: "times" },
		);
	}
	const isOver = count === 0 || !goesOn(given);
	if (isOver) return { edge: "done", output: { turns: 0 } };
	if (flow.spent !== null) throw flow.spent;
	return {
		edge: "loop",
		turn: 0,
		...(list === undefined ? {} : { list }),
		...(list !== undefined || count === undefined ? {} : { count }),
	};
}

async function further(flow: Flow, { config }: Decision): Promise<Outcome> {
	const { turn = 0, count, list } = flow.loop ?? {};
	const next = turn + 1;
	const max = list?.length ?? count;
	const isOver = (max !== undefined && next >= max) || !goesOn(await config(["while"]));
	if (isOver) return { edge: "done", output: { turns: next } };
	if (flow.spent !== null) throw flow.spent;
	return { edge: "loop", turn: next };
}

function goesOn(given: Config): boolean {
	return !("while" in given) || isTrue(given.while);
}

/** What an expression finds of a list may be nothing, or one item by itself. */
function listOf(value: unknown): unknown[] {
	if (value === undefined || value === null) return [];
	return Array.isArray(value) ? value : [value];
}
