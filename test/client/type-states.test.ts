/** What is known of types in an isolate: how old it may be, how often it is asked for, what a fault makes of it. */
import { describe, expect, it } from "vitest";
import type { RunnerNamespace } from "../../src/client/runner-client";
import { TypeStates } from "../../src/client/type-states";
import type { Clock } from "../../src/model/ports";
import type { TypeState } from "../../src/model/type-state";

const ACTIVE: TypeState = { status: "active", guarded: false, definition: null };
const INACTIVE: TypeState = { status: "inactive", guarded: false, definition: null };

/** A first shard that answers when the test lets it, and a clock that the test moves. */
function world() {
	let now = 0;
	const open: { answer: (state: TypeState) => void; fail: () => void }[] = [];
	let asked = 0;
	const typeState = () => {
		asked++;
		return new Promise((resolve, reject) => {
			open.push({
				answer: (value) => resolve({ ok: true, value }),
				fail: () => reject(new Error("away")),
			});
		});
	};
	const runners = { getByName: () => ({ typeState }) } as unknown as RunnerNamespace;
	const clock: Clock = { now: () => now, after: () => () => {}, turn: async () => {} };
	const states = new TypeStates();
	return {
		states,
		ask: () => Promise.resolve(states.stateOf("t", runners, clock)),
		asked: () => asked,
		/** The oldest question that is open. */
		next: () => {
			const question = open.shift();
			if (question === undefined) throw new Error("nothing is asked");
			return question;
		},
		pass: (ms: number) => {
			now += ms;
		},
		changed: (state: TypeState) => states.changed("t", state, now),
	};
}

describe("the state of a type", () => {
	it("is asked for once a second, however many instances are created", async () => {
		const { ask, asked, next, pass } = world();
		for (let second = 0; second < 5; second++) {
			const first = ask();
			next().answer(second < 3 ? ACTIVE : INACTIVE);
			expect(await first).toEqual(second < 3 ? ACTIVE : INACTIVE);
			for (let n = 0; n < 100; n++) {
				pass(9);
				expect(await ask()).toEqual(second < 3 ? ACTIVE : INACTIVE);
			}
			expect(asked()).toBe(second + 1);
			pass(100);
		}
	});

	it("is taken as it was for a moment while another instance asks", async () => {
		const { ask, asked, next, pass } = world();
		const first = ask();
		next().answer(INACTIVE);
		await first;
		pass(1_000);
		const second = ask();
		expect(await ask()).toEqual(INACTIVE);
		expect(asked()).toBe(2);
		next().answer(ACTIVE);
		expect(await second).toEqual(ACTIVE);
		expect(await ask()).toEqual(ACTIVE);
	});

	it("is asked for by everyone who has only an old one, or none", async () => {
		const { ask, asked, next, pass } = world();
		const first = [ask(), ask()];
		expect(asked()).toBe(2);
		next().answer(ACTIVE);
		next().answer(ACTIVE);
		await Promise.all(first);
		pass(3_600_000);
		const later = [ask(), ask()];
		expect(asked()).toBe(4);
		next().answer(INACTIVE);
		next().answer(INACTIVE);
		expect(await Promise.all(later)).toEqual([INACTIVE, INACTIVE]);
	});

	it("is asked for again when whoever asked died", async () => {
		const { ask, asked, next, pass } = world();
		const first = ask();
		next().answer(ACTIVE);
		await first;
		pass(1_000);
		void ask();
		pass(1_000);
		void ask();
		expect(asked()).toBe(3);
	});

	it("is the new one at once in the isolate through which it was changed", async () => {
		const { ask, asked, next, changed } = world();
		const first = ask();
		next().answer(ACTIVE);
		await first;
		changed(INACTIVE);
		expect(await ask()).toEqual(INACTIVE);
		expect(asked()).toBe(1);
	});

	it("is not taken back by an answer that was on its way", async () => {
		const { ask, next, changed } = world();
		const first = ask();
		changed(INACTIVE);
		next().answer(ACTIVE);
		expect(await first).toEqual(INACTIVE);
		expect(await ask()).toEqual(INACTIVE);
	});
});

describe("a first shard that cannot be reached", () => {
	it("leaves what was last known, and active where nothing was", async () => {
		const { ask, asked, next, pass } = world();
		const first = ask();
		next().fail();
		expect(await first).toEqual(ACTIVE);
		pass(1_000);
		const second = ask();
		next().answer(INACTIVE);
		await second;
		pass(60_000);
		const third = ask();
		next().fail();
		expect(await third).toEqual(INACTIVE);
		// And is not asked by every instance.
		expect(await ask()).toEqual(INACTIVE);
		expect(asked()).toBe(3);
	});
});
