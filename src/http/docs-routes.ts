/**
 * `GET /openapi.json` and `GET /docs`: what this API is, for clients and people. They need no token,
 * since what they say is the same for every deployment.
 *
 * The document was made beforehand (`openapi/text.ts`): making it takes longer than a request may.
 */
import { Hono } from "hono";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import type { OpenApiDocument } from "./openapi/document";
import { documentPage } from "./openapi/page";
import { OPENAPI_TEXT } from "./openapi/text";

/** Stands in the page that is kept, for the nonce of each answer. */
const NONCE = "0-nonce-0";

/** `routes` are asked for once all are there. */
export function docsRoutes(
	routes: () => readonly { method: string; path: string }[],
): Hono<AppContext> {
	let latest: OpenApiDocument | undefined;
	let page: string | undefined;
	const document = () => {
		latest ??= documentOf(routes());
		return latest;
	};
	const own = new Hono<AppContext>();

	own.get("/openapi.json", (c) => c.json(document()));
	own.all("/openapi.json", methodNotAllowed("GET"));

	own.get("/docs", async (c) => {
		page ??= String(await documentPage(document(), NONCE));
		const nonce = crypto.randomUUID();
		c.header(
			"Content-Security-Policy",
			`default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
		);
		return c.html(page.replaceAll(NONCE, nonce));
	});
	own.all("/docs", methodNotAllowed("GET"));

	return own;
}

/** Without what this service does not have: one may store no definitions. */
function documentOf(routes: readonly { method: string; path: string }[]): OpenApiDocument {
	const document = JSON.parse(OPENAPI_TEXT) as OpenApiDocument; // Written by `openApiDocument`.
	const there = new Set(routes.map(({ path }) => path.replace(/:(\w+)/g, "{$1}")));
	const paths = Object.entries(document.paths).filter(([path]) => there.has(path));
	return { ...document, paths: Object.fromEntries(paths) };
}
