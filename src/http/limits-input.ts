/** The fields of a body that set limits of a type in place of those that it declares. */
import * as z from "zod";
import { LIMITS } from "../model/limits";
import { SLOT_RANGES } from "../model/type-policy";

const whole = ({ min, max }: { min: number; max: number }) => z.int().min(min).max(max);

/** `LimitChanges`, for `PATCH /types/:type`; null: as the type declares. */
export const limitFields = {
	concurrency: z
		.strictObject({
			limit: whole(SLOT_RANGES.limit).optional(),
			keyLimit: whole(SLOT_RANGES.keyLimit).optional(),
			maxQueued: whole(SLOT_RANGES.maxQueued).optional(),
		})
		.nullable()
		.optional(),
	rate: z
		.strictObject({
			limit: whole({ min: 0, max: LIMITS.rateStarts }),
			// The guard knows durations.
			per: z.union([z.string(), z.number()]),
		})
		.nullable()
		.optional(),
};
