/** Objects that die with a pass open: it is found and replayed without a request (G4, G17). */
import { expect } from "vitest";
import { LIMITS } from "../../../src/model/limits";
import { DEFAULT_PANIC_POLICY } from "../../../src/model/panic";
import { clock } from "../../support/lab";
import { step } from "./style";
import { type Behaviours, inFlight, MINUTE, SECOND, witness } from "./subject";

/** A step in which the object dies `deaths` times. */
function deadly(deaths: number, name = "deadly") {
	let calls = 0;
	return step(name, () => (++calls > deaths ? "survived" : new Promise(() => {})));
}

export const crashes: Behaviours = {
	"a lost pass is replayed by its alarm, within seconds": async (subject) => {
		const instance = await subject.start([deadly(1)]);
		await inFlight(instance, "deadly");
		await instance.crash();
		expect(await instance.alarmAt()).toBeLessThanOrEqual(clock.now() + 5 * SECOND);
		await instance.advance(5 * SECOND);
		expect((await instance.until("completed")).result).toBe("survived");
	},

	"lost passes in a row with nothing recorded panic the instance, and then end it": async (
		subject,
	) => {
		const { calls, step } = witness();
		const instance = await subject.start([step("deadly", () => new Promise(() => {}))]);
		const deaths = LIMITS.strikes + DEFAULT_PANIC_POLICY.maxRestartAttempts;
		for (let death = 1; death <= deaths; death++) {
			await inFlight(instance, "deadly");
			await instance.crash();
			await instance.advance(5 * SECOND);
			if (death >= LIMITS.strikes && death < deaths) {
				const restartAttempt = death - LIMITS.strikes + 1;
				expect(await instance.until("panicked")).toMatchObject({ restartAttempt });
			}
			// Backed off, for a minute at most.
			if (death > 1) await instance.advance(MINUTE);
		}
		expect(await instance.until("errored")).toMatchObject({
			reason: expect.stringMatching(/^PASS_LOST: 11 passes/),
			errorDetails: { code: "PASS_LOST" },
			restartAttempt: 3,
		});
		expect(calls).toHaveLength(deaths);
	},

	"lost passes that recorded something do not count": async (subject) => {
		const rounds = [1, 2, 3, 4];
		const flow = rounds.flatMap((n) => [step(`work ${n}`, () => n), deadly(1, `deadly ${n}`)]);
		const instance = await subject.start(flow);
		for (const n of rounds) {
			await inFlight(instance, `deadly ${n}`);
			await instance.crash();
			await instance.advance(5 * SECOND);
		}
		expect((await instance.until("completed")).result).toBe("survived");
	},
};
