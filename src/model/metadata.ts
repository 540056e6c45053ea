/**
 * Metadata of an instance: what its program shows of how far it is, for people who look at its
 * status. Any data that can be stored; nothing is found by it (that is what attributes are for).
 */
import { decode, type Encoded, encode } from "./codec";
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";

export type Metadata = Readonly<Record<string, unknown>>;
/** What to set; null takes a name away. */
export type MetadataChanges = Readonly<Record<string, unknown>>;

/** Returns `value` as text when it is a record of changes. @throws {ValidationError} */
export function encodeMetadataChanges(value: unknown): Encoded {
	const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
	if (!isRecord) {
		throw new ValidationError(
			`Metadata is an object of names and values; received ${value === null ? "null" : Array.isArray(value) ? "an array" : typeof value}.`,
			{ path: "metadata" },
		);
	}
	return encode(value, "the metadata", LIMITS.metadataBytes);
}

/** The text of `before` with the changes made; null: none is left. @throws `VALUE_TOO_LARGE` */
export function withMetadata(before: Encoded | null, changes: Encoded): Encoded | null {
	const after = new Map(Object.entries(metadataOf(before)));
	for (const [name, value] of Object.entries(decode(changes) as Metadata)) {
		if (value === null) after.delete(name);
		else after.set(name, value);
	}
	if (after.size === 0) return null;
	return encode(Object.fromEntries(after), "the metadata", LIMITS.metadataBytes);
}

export function metadataOf(text: Encoded | null): Metadata {
	return text === null ? {} : (decode(text) as Metadata); // Only `withMetadata` writes this text.
}
