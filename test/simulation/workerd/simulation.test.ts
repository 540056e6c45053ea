/** A share of the simulation's seeds in workerd, and the cases that once failed. */
import { expect, it } from "vitest";
import { type Case, caseOf } from "../case";
import { REGRESSIONS } from "../regressions";
import { WorkerdWorld } from "./workerd-world";

const SEEDS = 60;

it(`${SEEDS} seeds keep every guarantee in workerd too`, { timeout: 120_000 }, async () => {
	for (let seed = 1; seed <= SEEDS; seed++) {
		const fault = await new WorkerdWorld(`seed-${seed}`, caseOf(seed)).run().catch(String);
		expect(fault, `seed ${seed}: ${JSON.stringify(caseOf(seed))}`).toBeUndefined();
	}
});

it.each(Object.entries(REGRESSIONS))("once failed: %s", async (name, text) => {
	const id = `regression-${Object.keys(REGRESSIONS).indexOf(name)}`;
	await new WorkerdWorld(id, JSON.parse(text) as Case).run();
});
