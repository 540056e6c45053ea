/** State machines for cases: all that a machine has, at random. */
import fc from "fast-check";
import { QUICK } from "./machine-plans";
import type { DoPlan, Plan } from "./plan";

export interface Parts {
	step: fc.Arbitrary<DoPlan>;
	sleep: fc.Arbitrary<Plan>;
	wait: fc.Arbitrary<Plan>;
	/** Choices may be made by the clock. */
	isTimed: boolean;
	depthMax: number;
}

const one = <T extends Plan["op"]>(op: T) => fc.constant(op);
const few = (weight: number) =>
	fc.oneof(
		{ weight, arbitrary: fc.constant<number | null>(null) },
		{ weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
	);
const count = fc.integer({ min: 1, max: 3 });
const intervalMs = fc.constantFrom(0, 1, 1_000, 60_000);
const turns = fc.nat({ max: 2 });

/** What a check does: it may fail and be tried again, within its turn. */
const each: fc.Arbitrary<DoPlan> = fc
	.record({ turns, fails: fc.constantFrom(0, 0, 0, 1), limit: count })
	.map((plan) => ({ ...QUICK, ...plan, delayMs: 10 }));

/** A part of a machine. */
export function machinePart({ step, sleep, wait, isTimed, depthMax }: Parts): fc.Arbitrary<Plan> {
	const { inner } = fc.letrec<{ inner: Plan }>((tie) => {
		const inner = tie("inner");
		const several = (minLength: number) => fc.array(inner, { minLength, maxLength: 3 });
		const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
		const fails = fc.constant(false);
		const arm = fc.record({ op: one("seq"), of: several(0), fails });
		const fickle = isTimed ? fc.boolean() : fc.constant(false);
		const onError = fc.constantFrom("fail-fast" as const, "wait-all" as const);
		const arms = fc.array(arm, { minLength: 1, maxLength: 3 });
		return {
			inner: fc.oneof(
				{ maxDepth: depthMax, depthSize: "medium", withCrossShrink: true },
				weighted(4, step),
				weighted(1, sleep),
				weighted(1, wait),
				weighted(1, fc.record({ op: one("look") })),
				weighted(2, fc.record({ op: one("poll"), checks: count, most: few(5), intervalMs, each })),
				weighted(2, fc.record({ op: one("seq"), of: several(1), fails })),
				weighted(3, fc.record({ op: one("parallel"), of: several(2), onError })),
				weighted(
					2,
					fc.record({ op: one("choice"), arms, take: fc.nat({ max: 2 }), fickle, turns }),
				),
				weighted(
					2,
					fc.record({
						...{ op: one("again"), times: count, most: few(5) },
						...{ intervalMs, body: inner, turns },
					}),
				),
			),
		};
	});
	return inner;
}
