/** Cursors: good for the listing that gave them, and in no other form. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCursor, writeCursor } from "../../src/client/cursor";
import { LIMITS } from "../../src/model/limits";

const SECRET = "s3cret";
const position = { createdAt: 1_795_162_786_388, id: "order:17.b_c-d" };
const refused = { code: "VALIDATION_ERROR", details: { path: "cursor" } };

describe("a cursor", () => {
	it.each([SECRET, "", undefined])(
		"gives its position back, with the secret %j",
		async (secret) => {
			for (const each of [
				position,
				{ createdAt: 0, id: ":a" },
				{ createdAt: 8.64e15, id: "x".repeat(LIMITS.instanceIdLength) },
			]) {
				const cursor = await writeCursor(each, "listing", secret);
				expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
				expect(cursor.length).toBeLessThanOrEqual(LIMITS.cursorLength);
				expect(await readCursor(cursor, "listing", secret)).toEqual(each);
			}
		},
	);

	it("is refused for another listing, and with another secret", async () => {
		const cursor = await writeCursor(position, "listing", SECRET);
		await expect(readCursor(cursor, "another", SECRET)).rejects.toMatchObject(refused);
		await expect(readCursor(cursor, "listing", "other")).rejects.toMatchObject(refused);
		await expect(readCursor(cursor, "listing", undefined)).rejects.toMatchObject(refused);
	});

	it("is refused with any one character changed, added or taken away", async () => {
		const cursor = await writeCursor(position, "listing", SECRET);
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
		for (let at = 0; at < cursor.length; at++) {
			// The neighbour differs in the lowest bit, which may be one that carries nothing.
			const other = alphabet[alphabet.indexOf(cursor[at] ?? "") ^ 1] ?? "";
			for (const forged of [
				cursor.slice(0, at) + other + cursor.slice(at + 1),
				cursor.slice(0, at) + cursor.slice(at + 1),
				cursor.slice(0, at) + other + cursor.slice(at),
			]) {
				await expect(readCursor(forged, "listing", SECRET)).rejects.toMatchObject(refused);
			}
		}
	});

	it.each(["", "=", "a", "A".repeat(43), "A".repeat(LIMITS.cursorLength + 1), "é", "a b", "[]"])(
		"is not %j",
		async (text) => {
			await expect(readCursor(text, "listing", SECRET)).rejects.toMatchObject(refused);
		},
	);

	it.each([
		(cursor: string) => `${cursor}=`,
		(cursor: string) => ` ${cursor}`,
		(cursor: string) => `${cursor}\n`,
		(cursor: string) => cursor.replaceAll("-", "+").replaceAll("_", "/"),
	])("is not written in another way", async (rewrite) => {
		// One that has a character of which there are two ways.
		for (let n = 0; ; n++) {
			const cursor = await writeCursor({ createdAt: n, id: "a" }, "listing", SECRET);
			if (!/[-_]/.test(cursor)) continue;
			await expect(readCursor(rewrite(cursor), "listing", SECRET)).rejects.toMatchObject(refused);
			break;
		}
	});

	it("is not any text", () =>
		fc.assert(
			fc.asyncProperty(fc.string(), async (text) => {
				await expect(readCursor(text, "listing", SECRET)).rejects.toMatchObject(refused);
			}),
		));
});
