/**
 * The simulation in Node: some thousand seeds, the cases that once failed, and proof that it would
 * notice. More seeds: `npm run simulate`.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { IndexStore } from "../../src/db/index-store";
import { InstanceStore } from "../../src/db/instance-store";
import { Journal } from "../../src/engine/journal";
import { type Case, caseOf } from "./case";
import { FakeStorage } from "./fake-storage";
import { REGRESSIONS } from "./regressions";
import { runCase, runSeeds } from "./simulate";

const SEEDS = 2_000;

afterEach(() => vi.restoreAllMocks());

it(`${SEEDS} seeds keep every guarantee`, { timeout: 300_000 }, async () => {
	const { failure } = await runSeeds({ from: 1, seeds: SEEDS });
	expect(failure).toBeUndefined();
});

it.each(Object.entries(REGRESSIONS))("once failed: %s", async (_, text) => {
	await runCase(JSON.parse(text) as Case);
});

describe("an engine is found out that", () => {
	/** The first fault that some seeds show, unshrunk. */
	async function firstFault(seeds: number): Promise<string> {
		for (let seed = 1; seed <= seeds; seed++) {
			try {
				await runCase(caseOf(seed));
			} catch (error) {
				return String(error);
			}
		}
		return "none";
	}

	it("never sets an alarm", async () => {
		vi.spyOn(FakeStorage.prototype, "setAlarm").mockImplementation(() => {});
		expect(await firstFault(10)).toContain("G4");
	});

	it("keeps an event that a step has taken", async () => {
		vi.spyOn(InstanceStore.prototype, "takeEvent").mockImplementation(() => {});
		expect(await firstFault(300)).toContain("G8");
	});

	it("does not store how a step ended", async () => {
		vi.spyOn(InstanceStore.prototype, "insertStep").mockImplementation(() => {});
		expect(await firstFault(10)).toMatch(/G1|G4|G6/);
	});

	it("begins an attempt again while its retry is still due", async () => {
		vi.spyOn(Journal.prototype, "attemptBegan").mockImplementation(() => {});
		expect(await firstFault(300)).not.toBe("none");
	});

	it("loses what it tells the index", async () => {
		vi.spyOn(IndexStore.prototype, "put").mockImplementation(() => {});
		expect(await firstFault(10)).toMatch(/G4|G12/);
	});
});
