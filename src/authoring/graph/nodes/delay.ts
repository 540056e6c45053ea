/** `delay`: waits for a length of time, or until a moment. Nothing runs meanwhile. */
import * as z from "zod";
import { durationMs } from "../../../model/duration";
import { ControlNode, type Flow } from "../control";
import { EDGES, type Outcome } from "../outcome";
import { duration } from "./fields";

/** An expression may give a `Date`, for which JSON Schema has no word. */
const moment = z
	.union([z.string(), z.number(), z.any().refine((value) => value instanceof Date)])
	.refine(
		(value) => !Number.isNaN(timeOf(value)),
		"expected a date, as 2026-01-31T12:00:00Z, or ms since 1970",
	);

const config = z
	.strictObject({ duration: duration.optional(), until: moment.optional() })
	.refine(
		(given) => (given.duration === undefined) !== (given.until === undefined),
		'expected "duration" or "until"',
	);

export class DelayNode extends ControlNode {
	readonly metadata = {
		id: "delay",
		name: "Delay",
		description: "Waits for a length of time, or until a moment.",
		version: "1.0.0",
		shorthand: "duration",
		edges: [EDGES.done],
		config,
	};

	async run(flow: Flow): Promise<Outcome> {
		const { duration: length, until } = await flow.config();
		return until === undefined ? flow.sleep(durationMs(length)) : flow.sleepUntil(timeOf(until));
	}
}

function timeOf(moment: string | number | Date): number {
	return new Date(moment).getTime();
}
