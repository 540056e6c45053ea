/** Instances that share a guard: what a case says of them, and what their type declares for it. */
import type { Program } from "../../src/engine/program";
import { concurrencyPolicy } from "../../src/model/type-policy";
import type { Plan } from "./plan";

/** The limits of the type; null: none. */
export interface GuardPlan {
	limit: number | null;
	keyLimit: number | null;
	maxQueued: number;
	releases: boolean;
	rate: { limit: number; perMs: number } | null;
}

/** Others of the type, and what happens to whom. */
export interface Crowd {
	guard: GuardPlan;
	others: {
		plan: Plan;
		priority: number;
		/** How much of the world's work is done after its creation. */
		tasks: number;
	}[];
	/** Which instance each happening is about, round and round; 0: the first, as without others. */
	about: number[];
}

/** The plan is the payload, so its shape has to serve as a key too. */
function keyOf(plan: Plan): string {
	return plan.op === "seq" && plan.of.length % 2 === 0 ? "even" : "odd";
}

export function policiesOf({
	limit,
	keyLimit,
	maxQueued,
	releases,
	rate,
}: GuardPlan): Partial<Program> {
	const whileParked = releases ? "release" : "hold";
	const options =
		keyLimit === null
			? { limit: limit ?? 0 }
			: { limit: keyLimit, key: keyOf, ...(limit === null ? {} : { total: limit }) };
	return { concurrency: concurrencyPolicy({ ...options, maxQueued, whileParked }), rate };
}
