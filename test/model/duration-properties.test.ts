// Owns what holds for any duration: amounts and units multiply, longer is never less, and what is
// no duration is refused in so many words.
import fc from "fast-check";
import { expect, it } from "vitest";
import { durationMs } from "../../src/model/duration";
import { ValidationError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";
import { anyText } from "./storable-values";

const UNITS: [unitMs: number, spellings: string[]][] = [
	[1, ["ms", "millisecond", "milliseconds"]],
	[1_000, ["s", "second", "seconds"]],
	[60_000, ["m", "minute", "minutes"]],
	[3_600_000, ["h", "hour", "hours"]],
	[86_400_000, ["d", "day", "days"]],
	[604_800_000, ["w", "week", "weeks"]],
];

interface Written {
	text: string;
	/** Thousandths of a millisecond: whole, so that they are exact. */
	exact: bigint;
}

/** An amount with up to three decimals, within the limit, in any spelling of a unit. */
const written: fc.Arbitrary<Written> = fc
	.constantFrom(...UNITS)
	.chain(([unitMs, spellings]) =>
		fc.tuple(
			fc.constant(unitMs),
			fc.constantFrom(...spellings, ...spellings.map((each) => each.toUpperCase())),
			fc.constantFrom("", " "),
			fc.nat(Math.floor(LIMITS.durationMs / unitMs) - 1),
			fc.oneof(fc.constant(0), fc.nat(999)),
		),
	)
	.map(([unitMs, unit, space, whole, thousandths]) => {
		const decimals = thousandths === 0 ? "" : `.${String(thousandths).padStart(3, "0")}`;
		return {
			text: `${whole}${decimals}${space}${unit}`,
			exact: BigInt(whole * 1_000 + thousandths) * BigInt(unitMs),
		};
	});

it("an amount times its unit, rounded up, is the milliseconds", () => {
	fc.assert(
		fc.property(written, ({ text, exact }) => {
			expect(BigInt(durationMs(text))).toBe((exact + 999n) / 1_000n);
		}),
		{ numRuns: 2_000 },
	);
});

it("a longer duration is never fewer milliseconds", () => {
	fc.assert(
		fc.property(written, written, (a, b) => {
			const [shorter, longer] = a.exact <= b.exact ? [a, b] : [b, a];
			expect(durationMs(shorter.text)).toBeLessThanOrEqual(durationMs(longer.text));
		}),
	);
});

it("a number is as many milliseconds, rounded up, and the text of it likewise", () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: LIMITS.durationMs * 8 }), (eighths) => {
			const ms = eighths / 8;
			expect(durationMs(ms)).toBe(Math.ceil(ms));
			expect(durationMs(`${ms}ms`)).toBe(Math.ceil(ms));
		}),
	);
});

it("anything is whole milliseconds within the limit, or refused with its name and what to write", () => {
	const almost = fc
		.tuple(
			fc.constantFrom("", "-", "+", "1e3", ".5", "5.", "1_000", "٣", "5"),
			anyText,
			fc.constantFrom("", "s", "days", "month", "S s"),
		)
		.map((parts) => parts.join(""));
	fc.assert(
		fc.property(fc.oneof(almost, fc.anything(), fc.double()), (given) => {
			let ms: number;
			try {
				ms = durationMs(given, "nap");
			} catch (error) {
				expect(error).toBeInstanceOf(ValidationError);
				expect(error).toMatchObject({
					message: expect.stringMatching(/^The nap .*(Expected "500ms"|the limit of 3650 days)/s),
					details: { path: "nap" },
				});
				return;
			}
			expect(Number.isSafeInteger(ms) && ms >= 0 && ms <= LIMITS.durationMs).toBe(true);
			expect(Object.is(ms, -0)).toBe(false);
		}),
		{ numRuns: 1_000 },
	);
});
