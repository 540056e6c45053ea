/** Which beginnings a place says are told, over lives that number them anew. */
import { describe, expect, it } from "vitest";
import type { InstanceStore } from "../../src/db/instance-store";
import { Beginnings } from "../../src/engine/beginnings";
import type { RunningAttempt } from "../../src/engine/describe";
import { Journal } from "../../src/engine/journal";
import { beginningOf, parsePlace, placeText } from "../../src/model/chronicle";
import { LIMITS } from "../../src/model/limits";

const store = { insertStep() {}, updateStep() {} } as unknown as InstanceStore;

/** A life of an instance: steps begin in it, and end. */
class Life {
	readonly journal = Journal.empty(store);
	#running: string[] = [];

	begin(...keys: string[]): this {
		for (const key of keys) this.journal.attemptBegan(key);
		this.#running.push(...keys);
		return this;
	}

	end(...keys: string[]): this {
		this.#running = this.#running.filter((key) => !keys.includes(key));
		for (const key of keys) {
			this.journal.complete({ key, kind: "do", attempts: 1, startedAt: 0 }, 0);
		}
		return this;
	}

	drop(key: string): this {
		this.#running = this.#running.filter((each) => each !== key);
		this.journal.attemptDropped(key);
		return this;
	}

	/** A reader at a place that was given to a client as text. */
	read(place: string, outcomes = 0): { told: string[]; place: string } {
		const from = { ...parsePlace(place), outcomes };
		const running = this.#running.map(
			(key): RunningAttempt => ({ key, parent: null, attempt: 1, startedAt: 0 }),
		);
		const beginnings = new Beginnings(from, { journal: this.journal, running });
		const told: string[] = [];
		for (let next = beginnings.next; next !== undefined; next = beginnings.next) {
			told.push(next.key);
			beginnings.pass();
		}
		for (const key of told) expect(beginnings.has(key)).toBe(true);
		return { told, place: placeText({ ...from, ...beginnings.place }) };
	}
}

const START = placeText(beginningOf(1));

describe("a place", () => {
	it("names what is told and has no row, and counts the rest", () => {
		const life = new Life().begin("a", "b").end("a");
		const { told, place } = life.read(START);
		expect(told).toEqual(["a", "b"]);
		expect(parsePlace(place)).toMatchObject({ starts: 1, begun: [expect.any(String)] });
		life.end("b");
		expect(parsePlace(life.read(place).place)).toMatchObject({ starts: 2, begun: [] });
	});

	it("holds in another life, whatever begins there first", () => {
		const { place } = new Life().begin("a", "b").read(START);
		const next = new Life().begin("c", "b");
		const read = next.read(place);
		expect(read.told).toEqual(["c"]);
		expect(next.begin("a", "d").read(read.place).told).toEqual(["d"]);
	});

	it("does not tell again of a step that had its row before its life ended", () => {
		const { place } = new Life().begin("a", "b").read(START);
		expect(new Life().begin("a").end("a").begin("b", "c").read(place).told).toEqual(["c"]);
	});

	it("tells of what began again in another place, untold the first time", () => {
		const life = new Life().begin("a", "b").drop("a").end("b");
		const { place } = life.read(START);
		expect(life.begin("a").read(place).told).toEqual(["a"]);
	});

	it("is by numbers where more are in flight than it may name, and exact in its life", () => {
		const keys = Array.from({ length: LIMITS.placeSteps + 1 }, (_, n) => `s${n}`);
		const life = new Life().begin(...keys.slice(1));
		const named = parsePlace(life.read(START).place);
		expect([named.starts, named.begun.length]).toEqual([0, LIMITS.placeSteps]);
		const { told, place } = life.begin("s0").read(START);
		expect(told).toHaveLength(keys.length);
		expect(parsePlace(place)).toMatchObject({ starts: keys.length, begun: [] });
		life.end("s3", "s7");
		const later = life.read(place);
		expect(later.told).toEqual([]);
		expect(life.begin("more").read(later.place).told).toEqual(["more"]);
	});
});
