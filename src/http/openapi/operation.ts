/**
 * What the document says of a route. The schemas are those by which the route parses its requests
 * and by which tests hold its answers, so that they cannot say something else.
 */
import type { z } from "zod";
import type { AccessRole } from "../../model/access";
import type { ErrorCode } from "../../model/errors";
import type { HTTP_CODES } from "../errors";

export type AnswerCode = ErrorCode | keyof typeof HTTP_CODES;

/** `none`: no body. `events`: server-sent events. `page`: HTML. With `text`: JSON, or text of this kind. */
export type AnswerBody = z.ZodType | "none" | "events" | "page" | { json: z.ZodType; text: string };

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
	/** Takes X-Actor and Idempotency-Key: see `byOf`. */
	isAudited?: true;
	/** Takes Last-Event-ID. */
	isFollowed?: true;
	answers: Readonly<Record<number, AnswerBody>>;
	/** Besides those that come with every route, and with every body. */
	errors?: readonly AnswerCode[];
	/** Null: it needs no token. Default: what its method needs. */
	role?: AccessRole | null;
}

/** By method and path, as in `POST /workflows/:id/pause`. */
export type Operations = Readonly<Record<string, Operation>>;
