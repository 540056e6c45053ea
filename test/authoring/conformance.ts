/**
 * The conformance suite: what every authoring style does alike, stated once and run for each.
 *
 * `conformance/style.ts` says how a style takes part; the behaviours are in files by topic beside
 * it. A style's test file calls `conformance(style)`.
 */
import { describe, expect, it } from "vitest";
import { control } from "./conformance/control";
import { crashes } from "./conformance/crashes";
import { create } from "./conformance/create";
import { determinism } from "./conformance/determinism";
import { errors } from "./conformance/errors";
import { events } from "./conformance/events";
import { panics } from "./conformance/panics";
import { parallel } from "./conformance/parallel";
import { retries } from "./conformance/retries";
import { steps } from "./conformance/steps";
import type { Style } from "./conformance/style";
import { type Behaviours, Subject } from "./conformance/subject";
import { time } from "./conformance/time";
import { values } from "./conformance/values";

const TOPICS: Readonly<Record<string, Behaviours>> = {
	create,
	steps,
	parallel,
	retries,
	values,
	time,
	events,
	control,
	errors,
	determinism,
	crashes,
	panics,
};

/** Declares a test for each behaviour, or a skipped one that says why. */
export function conformance(style: Style): void {
	const { name, skips = {} } = style;
	const subject = new Subject(style);
	describe(`${name} conform`, () => {
		for (const [topic, behaviours] of Object.entries(TOPICS)) {
			describe(topic, () => {
				for (const [fact, show] of Object.entries(behaviours)) {
					const reason = skips[fact];
					if (reason === undefined) it(fact, () => show(subject));
					else it.skip(`${fact} (skipped: ${reason})`);
				}
			});
		}

		it("or skip a behaviour that there is, for a reason", () => {
			const known = Object.values(TOPICS).flatMap((behaviours) => Object.keys(behaviours));
			expect(known).toEqual([...new Set(known)]);
			expect(known).toEqual(expect.arrayContaining(Object.keys(skips)));
			expect(Object.values(skips)).not.toContain("");
		});
	});
}
