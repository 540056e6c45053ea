/** Parameters that several nodes have. */
import * as z from "zod";
import { durationMs } from "../../../model/duration";
import { parseEventName, parseTypeName } from "../../../model/ids";
import type { EdgeMap, ExecutionContext } from "../node";
import type { MarkedContext } from "../place-step";

/** `"5m"`, or a number of milliseconds. */
export const duration = z
	.union([z.string(), z.number()])
	.refine(
		(value) => holds(() => durationMs(value)),
		'expected a duration, as "500ms", "30s", "5m", "24h", "7d", or a number of milliseconds',
	);

export const event = z
	.string()
	.refine((name) => holds(() => parseEventName(name)), "expected an event's name");

export const typeName = z
	.string()
	.refine((name) => holds(() => parseTypeName(name)), "expected a type's name");

/** A key of the state. */
export const key = z
	.string()
	.min(1)
	.max(200)
	.refine((name) => name !== "__proto__", "is no key");

/** JSONata, or what it comes to: anything, but it is to be there. */
export function required(name: string) {
	return (config: Record<string, unknown>) => name in config;
}

/** By an edge, without an output: there is nothing to tell that is not in state or log already. */
export function leftBy(edge: string, context: ExecutionContext): EdgeMap {
	(context as MarkedContext).marks.edge = edge;
	return {};
}

function holds(check: () => unknown): boolean {
	try {
		check();
		return true;
	} catch {
		return false;
	}
}
