/**
 * What the document says of a route. The schemas are those by which the route parses its requests
 * and by which tests hold its answers, so that they cannot say something else.
 */
import * as z from "zod";
import type { AccessRole } from "../../model/access";
import type { ErrorCode } from "../../model/errors";
import type { HTTP_CODES } from "../errors";

/** With a status in front where that is not the code's own. */
export type AnswerCode = ErrorCode | keyof typeof HTTP_CODES | "404 UNKNOWN_TYPE";

/** Schemas by media type. */
export type Media = Readonly<Record<`${string}/${string}`, z.ZodType>>;

export interface Operation {
	/** For clients made from the document: unique. */
	id: string;
	summary: string;
	/** CommonMark. */
	description?: string;
	query?: z.ZodType;
	body?: z.ZodType;
	/** There may be no body at all. */
	bodyIsOptional?: true;
	/** What the body may be instead. */
	otherBody?: z.ZodType;
	/** Takes X-Actor and Idempotency-Key: see `byOf`. */
	isAudited?: true;
	/** Takes Last-Event-ID. */
	isFollowed?: true;
	/** By status: JSON of this schema, other media, or null for no body. */
	answers: Readonly<Record<number, z.ZodType | Media | null>>;
	/** Besides those that come with every route, and with every body. */
	errors?: readonly AnswerCode[];
	/** Null: it needs no token. Default: what its method needs. */
	role?: AccessRole | null;
}

/** By method and path, as in `POST /workflows/:id/pause`. */
export type Operations = Readonly<Record<string, Operation>>;

export const EVENTS: Media = { "text/event-stream": z.string() };
export const PAGE: Media = { "text/html": z.string() };

export function mediaOf(answer: z.ZodType | Media | null): Media {
	if (answer === null) return {};
	return answer instanceof z.ZodType ? { "application/json": answer } : answer;
}
