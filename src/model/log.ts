/** The log of an instance: its levels, what a line takes, and the lines as they are read. */
import { type Encoded, encode } from "./codec";
import { toThrownRecord } from "./error-record";
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { wholeNumber } from "./options";
import { printable, shortened } from "./printable";

/** From the least to the most severe. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What goes with a line: any data. Errors are kept as records, what cannot be stored as text. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A line before it is stored. */
export interface LogEntry {
	level: LogLevel;
	message: string;
	fields: Encoded | null;
}

/** A line as it crosses from an object. */
export interface LogLineView extends LogEntry {
	/** From 1, over all runs. */
	seq: number;
	at: number;
	run: number;
	/** The step whose function wrote it, and in which attempt; null: the program, between its steps. */
	step: string | null;
	attempt: number | null;
}

export interface LogRequest {
	/** This level and what is more severe. Default: all. */
	level?: LogLevel | undefined;
	/** Lines after this one. */
	after?: number | undefined;
	/** 1 to `LIMITS.listPage`. */
	limit?: number | undefined;
}

export interface LogPage {
	lines: LogLineView[];
	/** Lines that are gone: the oldest, past `LIMITS.logLines`. */
	dropped: number;
	/** For `after` of the next page; null: there is no more for now. */
	nextAfter: number | null;
}

/** Returns `request` when it can be answered. @throws {ValidationError} */
export function parseLogRequest({ level, after, limit }: LogRequest): LogRequest {
	if (level !== undefined) parseLogLevel(level);
	const seqs = { min: 0, max: Number.MAX_SAFE_INTEGER };
	return {
		level,
		after: after === undefined ? undefined : wholeNumber(after, "after", seqs),
		limit:
			limit === undefined
				? undefined
				: wholeNumber(limit, "limit", { min: 1, max: LIMITS.listPage }),
	};
}

function parseLogLevel(level: LogLevel): LogLevel {
	if (LOG_LEVELS.includes(level)) return level;
	throw new ValidationError(
		`A log level is one of ${LOG_LEVELS.join(", ")}; received ${shortened(printable(level))}.`,
		{ path: "level" },
	);
}

/**
 * A line as it is stored. A message that is too long is cut, fields that do not fit are left out and
 * say so: a program does not fail for its log.
 *
 * @throws {ValidationError} for a level that is none.
 */
export function logEntry(level: LogLevel, message: string, fields?: LogFields): LogEntry {
	return {
		level: parseLogLevel(level),
		message: shortened(printable(message).toWellFormed(), LIMITS.logMessageLength),
		fields: fields === undefined ? null : encodedFields(fields),
	};
}

function encodedFields(fields: LogFields): Encoded {
	try {
		const kept = Object.entries(fields).map(([name, value]) => [name, storable(value)]);
		return encode(Object.fromEntries(kept), "the fields", LIMITS.logFieldsBytes);
	} catch {
		return encode(
			{ omitted: `These fields cannot be read, or take more than ${LIMITS.logFieldsBytes} bytes.` },
			"the fields",
		);
	}
}

function storable(value: unknown): unknown {
	if (value instanceof Error) return toThrownRecord(value);
	try {
		encode(value, "the field");
		return value;
	} catch {
		return shortened(printable(value), LIMITS.logMessageLength);
	}
}
