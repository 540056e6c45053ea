/**
 * Who may use the service: holders of the secret `API_TOKEN`. A deployment with neither the secret
 * nor `AUTH=off` refuses all, so that it is never open by accident.
 */
import type { MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import type { AppContext } from "./app";
import { HttpFault } from "./errors";

/** RFC 6750, section 2.1. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

export const requireAccess: MiddlewareHandler<AppContext> = (c, next) => {
	const { API_TOKEN: token, AUTH: mode } = c.env;
	if (token && !BEARER_TOKEN.test(token)) {
		throw new HttpFault(
			503,
			"ACCESS_NOT_CONFIGURED",
			"The secret API_TOKEN has characters that no Authorization header can carry. Set one of letters, digits and -._~+/ (`openssl rand -hex 32`, for one).",
		);
	}
	// A token that is set is asked for, whatever AUTH says.
	if (token) return bearerAuth<AppContext>({ token, ...REFUSALS })(c, next);
	if (mode === "off") return next();
	throw new HttpFault(
		503,
		"ACCESS_NOT_CONFIGURED",
		"The service has no access rule. Set the secret with `npx wrangler secret put API_TOKEN`, or the variable AUTH to `off` to let everyone in.",
	);
};

const unauthorized = () => {
	throw new HttpFault(
		401,
		"UNAUTHORIZED",
		"Expected the header `Authorization: Bearer <API_TOKEN>` with the service's token.",
		{ "WWW-Authenticate": "Bearer" },
	);
};

// bearerAuth compares in constant time, and would answer in its own words.
const REFUSALS = {
	noAuthenticationHeader: { message: unauthorized },
	invalidAuthenticationHeader: { message: unauthorized },
	invalidToken: { message: unauthorized },
};
