/**
 * The simulation in Node: some thousand seeds, the cases that once failed, and proof that it would
 * notice. More seeds: `npm run simulate`.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { Stop } from "../../src/authoring/machine/branches";
import { DeliveryStore } from "../../src/db/delivery-store";
import { GuardStore } from "../../src/db/guard-store";
import { HistoryStore } from "../../src/db/history-store";
import { IndexStore } from "../../src/db/index-store";
import { InstanceStore } from "../../src/db/instance-store";
import { Deliverer } from "../../src/engine/deliverer";
import { History } from "../../src/engine/history";
import { InstanceRecord } from "../../src/engine/instance-record";
import { Journal } from "../../src/engine/journal";
import { Slot } from "../../src/engine/slot";
import { DoStep } from "../../src/engine/step-kinds/do-step";
import { StepNames } from "../../src/engine/step-names";
import { Guard } from "../../src/shards/guard";
import { IndexShard } from "../../src/shards/index-shard";
import { RateLog } from "../../src/shards/rate-log";
import { SlotQueue, type Waiting } from "../../src/shards/slot-queue";
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

/** The first fault that some seeds show, unshrunk. */
async function firstFaultOf(seeds: number, isMeant: (given: Case) => boolean): Promise<string> {
	for (let seed = 1; seed <= seeds; seed++) {
		const given = caseOf(seed);
		if (!isMeant(given)) continue;
		try {
			await runCase(given);
		} catch (error) {
			return String(error);
		}
	}
	return "none";
}

// It looks through cases until one shows it, which takes as long as the machine needs.
describe("an engine is found out that", { timeout: 60_000 }, () => {
	const firstFault = (seeds: number) => firstFaultOf(seeds, () => true);

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

	it("waits for what handlers asked for once they have decided", async () => {
		vi.spyOn(Journal.prototype, "isPast").mockReturnValue(false);
		expect(await firstFault(100)).not.toBe("none");
	});

	it("gives the steps of a second handling the names of the first one's", async () => {
		vi.spyOn(StepNames.prototype, "take").mockImplementation(() => {});
		expect(await firstFault(300)).not.toBe("none");
	});

	it("never calls a handler", async () => {
		vi.spyOn(DoStep.prototype, "handle").mockImplementation(() => {});
		expect(await firstFault(100)).not.toBe("none");
	});

	it("writes lines of its log again", async () => {
		vi.spyOn(History.prototype, "lastPlace").mockReturnValue({ position: 0, nth: 0 });
		expect(await firstFault(100)).toContain("log");
	});

	it("loses lines of its log", async () => {
		vi.spyOn(HistoryStore.prototype, "addLog").mockImplementation(() => {});
		expect(await firstFault(10)).toContain("log");
	});

	it("forgets an attempt that failed", async () => {
		vi.spyOn(HistoryStore.prototype, "addStepError").mockImplementation(() => {});
		expect(await firstFault(20)).toContain("in the history");
	});

	it("does not count its panics", async () => {
		const { write } = InstanceRecord.prototype;
		vi.spyOn(InstanceRecord.prototype, "write").mockImplementation(function (
			this: InstanceRecord,
			{ restarts: _, ...changes },
		) {
			write.call(this, changes);
		});
		expect(await firstFault(100)).toContain("G4");
	});

	it("loses what it tells the index", async () => {
		vi.spyOn(IndexStore.prototype, "put").mockImplementation(() => {});
		expect(await firstFault(10)).toMatch(/G4|G12/);
	});
});

// Nothing can be told of what is lost: the world looks for it until it has had enough.
describe("deliveries are found out that", { timeout: 60_000 }, () => {
	const firstFault = (seeds: number) => firstFaultOf(seeds, ({ listens }) => listens === true);

	it("have no alarm that stands for them", async () => {
		const none = { isUnderWay: false, retryAt: null };
		vi.spyOn(Deliverer.prototype, "plan", "get").mockReturnValue(none);
		expect(await firstFault(100)).toContain("G4");
	});

	it("forget what a restart replaces", async () => {
		vi.spyOn(Deliverer.prototype, "keepRest").mockImplementation(() => {});
		expect(await firstFault(500)).toMatch(/D1|G4/);
	});

	it("do not store what they keep", async () => {
		vi.spyOn(DeliveryStore.prototype, "addLetter").mockReturnValue(0);
		expect(await firstFault(500)).toMatch(/D1|G4/);
	});

	it("pass an event that has not arrived", async () => {
		const { updateReceiver } = DeliveryStore.prototype;
		vi.spyOn(DeliveryStore.prototype, "updateReceiver").mockImplementation(function (
			this: DeliveryStore,
			row,
		) {
			// As if each attempt were the event's last.
			updateReceiver.call(this, { ...row, attempts: row.attempts === 0 ? 0 : 100 });
		});
		expect(await firstFault(500)).toMatch(/D1|G4/);
	});
});

describe("a machine is found out that", { timeout: 60_000 }, () => {
	const firstFault = (seeds: number) =>
		firstFaultOf(seeds, ({ plan }) => plan.op === "seq" && plan.asMachine === true);

	it("lets branches go on beside one that has failed", async () => {
		vi.spyOn(Stop.prototype, "isStopped", "get").mockReturnValue(false);
		expect(await firstFault(600)).toMatch(/G1|G6/);
	});

	it("takes another way on replay", async () => {
		vi.spyOn(StepNames.prototype, "next").mockImplementation((name) => name);
		expect(await firstFault(300)).not.toBe("none");
	});
});

// A guard that loses slots is asked until the world has had enough of it.
describe("a guard is found out that", { timeout: 60_000 }, () => {
	const firstFault = (seeds: number) => firstFaultOf(seeds, ({ crowd }) => crowd !== undefined);

	it("lets more work than the limit", async () => {
		vi.spyOn(SlotQueue.prototype, "limits", "set").mockImplementation(() => {});
		expect(await firstFault(50)).toContain("Q1");
	});

	it("lets one work that has no slot yet", async () => {
		vi.spyOn(Slot.prototype, "isOpen", "get").mockReturnValue(true);
		expect(await firstFault(50)).toContain("Q1");
	});

	it("passes over the first in the queue", async () => {
		const { next } = SlotQueue.prototype;
		vi.spyOn(SlotQueue.prototype, "next").mockImplementation(function (
			this: SlotQueue<Waiting>,
			may,
		) {
			const first = next.call(this, may);
			if (first === undefined) return undefined;
			this.leave(first);
			const second = next.call(this, may);
			this.queue(first);
			return second ?? first;
		});
		expect(await firstFault(100)).toContain("Q1");
	});

	it("starts them faster than the rate", async () => {
		vi.spyOn(RateLog.prototype, "nextAt").mockReturnValue(0);
		expect(await firstFault(200)).toContain("Q1");
	});

	it("does not store what it grants", async () => {
		vi.spyOn(GuardStore.prototype, "write").mockImplementation(() => {});
		expect(await firstFault(50)).toContain("Q1");
	});

	it("never sets the alarm of its shard", async () => {
		vi.spyOn(IndexShard.prototype, "arm").mockImplementation(() => {});
		expect(await firstFault(100)).toContain("G4");
	});

	it("offers slots to nobody's ear", async () => {
		vi.spyOn(Slot.prototype, "answer").mockReturnValue({ use: "queued" });
		expect(await firstFault(100)).toMatch(/G4|Q1/);
	});

	it("is not told of what its instances do", async () => {
		vi.spyOn(Slot.prototype, "deliver").mockImplementation(() => {});
		expect(await firstFault(50)).toContain("G4");
	});

	it("is not given back the slots of instances that have ended", async () => {
		vi.spyOn(Slot.prototype, "ended").mockReturnValue({});
		expect(await firstFault(50)).toMatch(/G4|Q1/);
	});

	it("takes the word of a creation against that of an instance", async () => {
		const { take } = Guard.prototype;
		vi.spyOn(Guard.prototype, "take").mockImplementation(function (this: Guard, request) {
			return take.call(this, { ...request, isNew: false });
		});
		const [text = ""] = Object.entries(REGRESSIONS).flatMap(([name, text]) =>
			name.includes("took another's place") ? text : [],
		);
		await expect(runCase(JSON.parse(text) as Case)).rejects.toThrow(/G4|Q1/);
	});
});
