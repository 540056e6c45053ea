/**
 * Who may use the service: holders of a token (`access-tokens.ts`), each with a role. A deployment
 * with neither a token nor `AUTH=off` refuses all, so that it is never open by accident.
 *
 * A request is refused before any object is asked, where its route or the types that it names say
 * so; else the object itself refuses (`withinTypes`).
 */
import type { Context, MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { withinTypes } from "../client/within-types";
import type { AccessRole } from "../model/access";
import { AccessTokens, SecretFault, type TokenSecrets } from "./access-tokens";
import type { AppContext } from "./app";
import { Caller, UNNAMED } from "./caller";
import { HttpFault } from "./errors";

const READS = ["GET", "HEAD", "OPTIONS"];

/** What a viewer may send. */
export function isRead(method: string): boolean {
	return READS.includes(method);
}

/** Lets holders of a token in; what needs more than a viewer, or an operator, asks for it itself. */
export const requireAccess: MiddlewareHandler<AppContext> = async (c, next) => {
	const tokens = await tokensOf(c.env);
	// A token that is set is asked for, whatever AUTH says.
	if (tokens !== null) {
		const verifyToken = async (token: string) => admit(c, await tokens.callerOf(token));
		return bearerAuth<AppContext>({ verifyToken, ...REFUSALS })(c, async () => {
			requireMethod(c);
			await next();
		});
	}
	if (c.env.AUTH !== "off") {
		throw notConfigured(
			"The service has no access rule. Set a secret with `npx wrangler secret put API_TOKEN` (or API_TOKENS, for several with roles), or the variable AUTH to `off` to let everyone in.",
		);
	}
	admit(c, new Caller({ name: UNNAMED, role: "admin" }));
	return next();
};

/** For routes that need more than their method says. */
export function requireRole(needed: AccessRole): MiddlewareHandler<AppContext> {
	return (c, next) => {
		c.var.caller.requireRole(needed);
		return next();
	};
}

function requireMethod(c: Context<AppContext>): void {
	c.var.caller.requireRole(isRead(c.req.method) ? "viewer" : "operator");
}

/** False: it is nobody's token. */
function admit(c: Context<AppContext>, caller: Caller | undefined): boolean {
	if (caller === undefined) return false;
	c.set("caller", caller);
	const { types } = caller;
	if (types !== undefined) {
		c.env = { ...c.env, WORKFLOW_RUNNER: withinTypes(c.env.WORKFLOW_RUNNER, types) };
	}
	return true;
}

/** The latest secrets that were read: an isolate has the same ones for life. */
let latest: { secrets: TokenSecrets; tokens: Promise<AccessTokens | null> } | undefined;

async function tokensOf({ API_TOKEN, API_TOKENS }: TokenSecrets): Promise<AccessTokens | null> {
	const isLatest =
		latest?.secrets.API_TOKEN === API_TOKEN && latest?.secrets.API_TOKENS === API_TOKENS;
	if (latest === undefined || !isLatest) {
		const secrets = { API_TOKEN, API_TOKENS };
		latest = { secrets, tokens: AccessTokens.of(secrets) };
	}
	try {
		return await latest.tokens;
	} catch (error) {
		throw error instanceof SecretFault ? notConfigured(error.message) : error;
	}
}

function notConfigured(message: string): HttpFault {
	return new HttpFault(503, "ACCESS_NOT_CONFIGURED", message);
}

const unauthorized = () => {
	throw new HttpFault(
		401,
		"UNAUTHORIZED",
		"Expected the header `Authorization: Bearer <token>` with a token of the service.",
		{ "WWW-Authenticate": "Bearer" },
	);
};

// bearerAuth would answer in its own words.
const REFUSALS = {
	noAuthenticationHeader: { message: unauthorized },
	invalidAuthenticationHeader: { message: unauthorized },
	invalidToken: { message: unauthorized },
};
