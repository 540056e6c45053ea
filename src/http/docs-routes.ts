/**
 * `GET /openapi.json` and `GET /docs`: what this API is, for clients and people. They need no token,
 * since what they say is the same for every deployment.
 */
import { Hono } from "hono";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { type OpenApiDocument, openApiDocument } from "./openapi/document";
import { documentPage } from "./openapi/page";

/** `routes` are asked for once all are there. */
export function docsRoutes(
	routes: () => readonly { method: string; path: string }[],
): Hono<AppContext> {
	let document: OpenApiDocument | undefined;
	const made = () => {
		document ??= openApiDocument(routes());
		return document;
	};
	const own = new Hono<AppContext>();

	own.get("/openapi.json", (c) => c.json(made()));
	own.all("/openapi.json", methodNotAllowed("GET"));

	own.get("/docs", (c) => {
		const nonce = crypto.randomUUID();
		c.header(
			"Content-Security-Policy",
			`default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
		);
		return c.html(documentPage(made(), nonce));
	});
	own.all("/docs", methodNotAllowed("GET"));

	return own;
}
