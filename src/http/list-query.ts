/** The query of a listing: text as it comes in a URL, read into what a listing is asked for. */
import * as z from "zod";
import { type AttributeValue, parseAttributeName } from "../model/attributes";
import { isInstanceId } from "../model/ids";
import { LIST_ORDERS } from "../model/index-rpc";
import { LIMITS } from "../model/limits";
import { type ListRequest, MOMENT_MS_MAX } from "../model/list-options";
import { WORKFLOW_STATUSES } from "../model/status";

/** Fields that may be given several times; those of the first two also with commas between. */
export const REPEATABLE = ["type", "status", "tag"];

const texts = z.array(z.string()).describe("Repeated, or with commas between.");
const split = (values: string[]) => [...new Set(values.flatMap((value) => value.split(",")))];
const list = texts.transform(split);

export const typeList = list.optional();

/** One or more of these words. */
export function listOf<const Word extends string>(words: readonly Word[]) {
	return texts
		.meta({ items: { type: "string", enum: words } })
		.transform(split)
		.refine((given) => given.every((each) => words.some((word) => word === each)), {
			error: `expected one or more of ${words.join(", ")}`,
		})
		.transform((given) => words.filter((word) => given.includes(word)));
}

const WHOLE = /^\d{1,16}$/;
const isoMoment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

const moment = z
	.string()
	.describe("ISO 8601 with a time zone, a date, or ms since 1970.")
	.refine((text) => WHOLE.test(text) || isoMoment.safeParse(text).success, {
		error: "expected ISO 8601 with a time zone, a date, or ms since 1970",
	})
	.transform((text) => (WHOLE.test(text) ? Number(text) : Date.parse(text)))
	.refine((ms) => ms >= 0 && ms <= MOMENT_MS_MAX, { error: "expected a moment since 1970" });

/** `vip`: has the attribute; `customer:c-17`: has it with this value. */
const tags = z
	.array(z.string())
	.describe("name, or name:value. May be repeated: all must hold.")
	.transform((given, context) => {
		const wanted = new Map<string, AttributeValue | null>();
		const refuse = (message: string) => context.addIssue({ code: "custom", message });
		for (const tag of given) {
			const colon = tag.indexOf(":");
			const name = colon === -1 ? tag : tag.slice(0, colon);
			const value = colon === -1 ? null : tag.slice(colon + 1);
			try {
				parseAttributeName(name);
			} catch (error) {
				refuse((error as Error).message);
			}
			if (wanted.has(name)) refuse(`the attribute "${name}" is given more than once`);
			if (value !== null && value.length > LIMITS.attributeTextLength) {
				refuse(`a value has at most ${LIMITS.attributeTextLength} characters`);
			}
			wanted.set(name, value);
		}
		if (given.length > LIMITS.attributes) refuse(`expected at most ${LIMITS.attributes}`);
		return Object.fromEntries(wanted);
	});

const fields = z.strictObject({
	type: typeList,
	status: listOf(WORKFLOW_STATUSES).optional(),
	createdAfter: moment.optional(),
	createdBefore: moment.optional(),
	updatedAfter: moment.optional(),
	updatedBefore: moment.optional(),
	idPrefix: z
		.string()
		.refine(isInstanceId, {
			error: `expected the beginning of an instance id, 1 to ${LIMITS.instanceIdLength} characters`,
		})
		.optional(),
	tag: tags.optional(),
	order: z.enum(LIST_ORDERS).default("desc"),
	limit: z
		.string()
		.regex(/^\d{1,9}$/, "expected a whole number")
		.meta({ type: "integer", minimum: 1, maximum: LIMITS.listPage })
		.transform(Number)
		.pipe(z.number().min(1).max(LIMITS.listPage))
		.default(LIMITS.listPageDefault),
	cursor: z.string().optional(),
});

/** `types` is undefined when none is named: all are meant. */
export const listQuery = fields.transform(
	({
		type: types,
		order,
		limit,
		cursor,
		tag: attributes,
		...filter
	}): Omit<ListRequest, "types"> & { types: string[] | undefined } => {
		return { types, filter: { ...filter, attributes }, order, limit, cursor };
	},
);
