/**
 * Holds answers against what the document says of their routes. Every request of the tests in this
 * folder goes through here, so what they bring about is what the document must know.
 */
import { expect } from "vitest";
import { errorAnswer } from "../../src/http/answers/shape";
import { errorsOf, OPERATIONS } from "../../src/http/openapi/document";
import { mediaOf, type Operation } from "../../src/http/openapi/operation";
import type { Reply } from "./support-service";

/** What is no route has no entry; who may not come in is not told. */
const NO_ROUTE = ["ROUTE_NOT_FOUND", "METHOD_NOT_ALLOWED"];
const CLOSED = ["UNAUTHORIZED", "FORBIDDEN", "ACCESS_NOT_CONFIGURED"];

export function expectDocumented(method: string, url: string, reply: Reply): void {
	if (method === "HEAD") return;
	const { status, body } = reply;
	const route = `${method} ${url} ${status}`;
	if (status >= 400) {
		const { error } = errorAnswer.parse(body);
		const operation = operationOf(method, url);
		if (NO_ROUTE.includes(error.code)) return;
		if (operation === undefined && CLOSED.includes(error.code)) return;
		const codes = operation === undefined ? [] : (errorsOf(method, operation).get(status) ?? []);
		expect(codes, `${route}: its codes in the document`).toContain(error.code);
		return;
	}
	const answers: Operation["answers"] = operationOf(method, url)?.answers ?? {};
	expect(Object.keys(answers), `${route}: statuses in the document`).toContain(String(status));
	const media = mediaOf(answers[status] ?? null);
	const type = reply.headers.get("Content-Type")?.split(";")[0];
	const schema = Object.entries(media).find(([name]) => name === type)?.[1];
	expect(Object.keys(media).length === 0, `${route}: whether it has a body`).toBe(
		type === undefined,
	);
	if (type === undefined) return;
	if (schema === undefined) expect.fail(`${route} is of the type ${type}, which is in no answer`);
	const value = type.endsWith("json") ? body : reply.text;
	// What a schema does not know is not in what it gives.
	expect(schema.parse(value), `${route}: the answer as the document has it`).toEqual(value);
}

function operationOf(method: string, url: string): Operation | undefined {
	const { pathname } = new URL(url, "http://service");
	const parts = pathname.split("/");
	const found = Object.entries(OPERATIONS)
		.filter(([route]) => {
			const [its, path = ""] = route.split(" ");
			const names = path.split("/");
			const fits = (name: string, at: number) => name.startsWith(":") || name === parts[at];
			return its === method && names.length === parts.length && names.every(fits);
		})
		// `/workflows/stats` before `/workflows/:id`.
		.sort(([one], [other]) => one.split(":").length - other.split(":").length)[0];
	return found?.[1];
}
