/**
 * Cursors of listings: where a page ended, signed together with what was listed, so that a cursor
 * that was changed, or that comes with another filter, is refused instead of skipping rows.
 *
 * The key is the service's `API_TOKEN`. Where there is none, a constant takes its place, and the
 * signature finds damage only: who can list everything anyway gains nothing by a forged position.
 */
import { ValidationError } from "../model/errors";
import type { Position } from "../model/index-rpc";
import { LIMITS } from "../model/limits";

const NO_SECRET = "durable-workflows";
const HMAC = { name: "HMAC", hash: "SHA-256" };
const SIGNATURE_BYTES = 32;

/** `listing` tells one listing from another. */
export async function writeCursor(
	{ createdAt, id }: Position,
	listing: string,
	secret: string | undefined,
): Promise<string> {
	const body = utf8(`${createdAt}:${id}`);
	const signature = await crypto.subtle.sign(HMAC, await keyOf(secret), signed(body, listing));
	return textOf(new Uint8Array([...new Uint8Array(signature), ...body]));
}

/** @throws {ValidationError} for a cursor that `writeCursor` did not make for this listing. */
export async function readCursor(
	cursor: string,
	listing: string,
	secret: string | undefined,
): Promise<Position> {
	const bytes = bytesOf(cursor);
	const signature = bytes.subarray(0, SIGNATURE_BYTES);
	const body = bytes.subarray(SIGNATURE_BYTES);
	const isOurs = await crypto.subtle.verify(
		HMAC,
		await keyOf(secret),
		signature,
		signed(body, listing),
	);
	if (!isOurs) throw notOurs();
	const text = new TextDecoder().decode(body);
	const colon = text.indexOf(":");
	return { createdAt: Number(text.slice(0, colon)), id: text.slice(colon + 1) };
}

/** base64url, without padding. */
function textOf(bytes: Uint8Array): string {
	const text = btoa(String.fromCharCode(...bytes));
	return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function bytesOf(cursor: string): Uint8Array<ArrayBuffer> {
	if (cursor.length > LIMITS.cursorLength) throw notOurs();
	let bytes: Uint8Array<ArrayBuffer>;
	try {
		const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
		bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
	} catch {
		throw notOurs();
	}
	// Padding, spaces and spare bits: other ways to write it, which were not ours.
	if (textOf(bytes) !== cursor) throw notOurs();
	return bytes;
}

function keyOf(secret: string | undefined): Promise<CryptoKey> {
	return crypto.subtle.importKey("raw", utf8(secret || NO_SECRET), HMAC, false, ["sign", "verify"]);
}

function signed(body: Uint8Array, listing: string): Uint8Array<ArrayBuffer> {
	// A position has no line break, so that nothing can move from one part to the other.
	return new Uint8Array([...body, ...utf8(`\n${listing}`)]);
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
	return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function notOurs(): ValidationError {
	return new ValidationError(
		"cursor is not the nextCursor of a page of this listing: it was changed, or types, filter or order are others. Start again without it.",
		{ path: "cursor" },
	);
}
