/** Followers by the dozen, over a kill; by the hundred, and what they take: `npm run streams`. */
import { expect, it } from "vitest";
import { runCrowd } from "./streams/crowd";

it("all followers of instances and of a type are told all, once and in order, over a kill", async () => {
	const { faults, told } = await runCrowd({
		instances: 4,
		followers: 10,
		typeFollowers: 40,
		bare: 0,
	});
	expect(faults).toEqual([]);
	expect(told).toBeGreaterThan(40 * 40);
});
