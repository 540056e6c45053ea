/**
 * The tokens that open the service: the secret `API_TOKEN`, which is an admin's, and those of
 * `API_TOKENS`, a JSON array.
 *
 * What is wrong with a secret is said by the place of the fault alone, since the answer goes to
 * anyone: neither JSON.parse's words nor a key or value that came are in it.
 *
 * @example
 * [{ "name": "ci", "sha256": "9f86d0…", "role": "operator", "types": ["order", "billing-*"] }]
 */
import * as z from "zod";
import { ACCESS_ROLES } from "../model/access";
import { LIMITS } from "../model/limits";
import { Caller, UNNAMED } from "./caller";

/** RFC 6750, section 2.1. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const FORM = "letters, digits and -._~+/ (`openssl rand -hex 32` makes one)";

export interface TokenSecrets {
	API_TOKEN?: string;
	API_TOKENS?: string;
}

/** What is wrong with a secret, for the operator. */
export class SecretFault extends Error {}

interface Entry {
	digest: Uint8Array;
	caller: Caller;
}

/** The tokens of a service; compared in a time that says nothing of them. */
export class AccessTokens {
	readonly #entries: readonly Entry[];

	private constructor(entries: readonly Entry[]) {
		this.#entries = entries;
	}

	/** Null: neither secret is set. @throws {SecretFault} */
	static async of({ API_TOKEN, API_TOKENS }: TokenSecrets): Promise<AccessTokens | null> {
		const entries: Entry[] = [];
		if (API_TOKEN) {
			if (!BEARER_TOKEN.test(API_TOKEN)) {
				throw new SecretFault(
					`The secret API_TOKEN has characters that no Authorization header can carry. Set one of ${FORM}.`,
				);
			}
			const caller = new Caller({ name: UNNAMED, role: "admin" });
			entries.push({ digest: await sha256(API_TOKEN), caller });
		}
		if (API_TOKENS) entries.push(...(await listedEntries(API_TOKENS)));
		requireDistinct(entries, Boolean(API_TOKEN));
		return entries.length === 0 ? null : new AccessTokens(entries);
	}

	/** Whose token it is; undefined: nobody's. */
	async callerOf(token: string): Promise<Caller | undefined> {
		const given = await sha256(token);
		let found: Caller | undefined;
		// All are compared, so that the time does not tell which one it was.
		for (const { digest, caller } of this.#entries) if (isSame(digest, given)) found = caller;
		return found;
	}
}

const fault = (error: string) => ({ error });
const patterns = z
	.array(
		z.string(fault("expected a string")).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\*?$|^\*$/, {
			error: "expected a name, or the beginning of one with * behind it",
		}),
		fault("expected a list of names; leave it out for all"),
	)
	.min(1, fault("expected at least one name; leave it out for all"))
	.max(LIMITS.accessNames, fault(`expected at most ${LIMITS.accessNames} names`))
	.optional();

const entrySchema = z
	.strictObject(
		{
			name: z
				.string(fault("expected a string"))
				.max(
					LIMITS.accessNameLength,
					fault(`expected at most ${LIMITS.accessNameLength} characters`),
				)
				.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, fault("expected letters, digits and ._-"))
				.refine((name) => name !== UNNAMED, fault(`"${UNNAMED}" is the holder of API_TOKEN`)),
			token: z
				.string(fault("expected a string"))
				.regex(BEARER_TOKEN, fault(`expected ${FORM}`))
				.optional(),
			sha256: z
				.string(fault("expected a string"))
				.regex(/^[0-9A-Fa-f]{64}$/, fault("expected the token's SHA-256 as 64 hex digits"))
				.optional(),
			role: z.enum(ACCESS_ROLES, fault(`expected one of ${ACCESS_ROLES.join(", ")}`)),
			types: patterns,
			nodes: patterns,
		},
		fault(
			"expected an object with name, token or sha256, role, types and nodes, and no other field",
		),
	)
	.refine(({ token, sha256 }) => (token === undefined) !== (sha256 === undefined), {
		error: "expected either token or sha256",
	});

const listSchema = z
	.array(entrySchema, fault("expected an array"))
	.min(1, fault("expected at least one token"))
	.max(LIMITS.accessTokens, fault(`expected at most ${LIMITS.accessTokens} tokens`));

async function listedEntries(text: string): Promise<Entry[]> {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw new SecretFault("The secret API_TOKENS is not JSON. Expected an array of tokens.");
	}
	const { data, error } = listSchema.safeParse(json);
	if (data === undefined) {
		const [issue] = error.issues;
		throw listFault(issue?.path ?? [], issue?.message ?? "expected a list of tokens");
	}
	const names = data.map(({ name }) => name);
	const again = names.findIndex((name, at) => names.indexOf(name) < at);
	if (again !== -1) throw listFault([again, "name"], "an earlier token has this name");
	return Promise.all(
		data.map(async ({ token, sha256: hex = "", ...rights }) => ({
			digest: token === undefined ? bytesOf(hex) : await sha256(token),
			caller: new Caller(rights),
		})),
	);
}

/** Two names for one token would leave open which of them it has the rights of. */
function requireDistinct(entries: readonly Entry[], hasOwn: boolean): void {
	const again = entries.findIndex(({ digest }, at) =>
		entries.slice(0, at).some((earlier) => isSame(earlier.digest, digest)),
	);
	if (again === -1) return;
	throw listFault([hasOwn ? again - 1 : again], "it is an earlier token, or API_TOKEN, once more");
}

function listFault(path: readonly PropertyKey[], message: string): SecretFault {
	const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
	return new SecretFault(
		`The secret API_TOKENS is not valid. API_TOKENS${place.join("")}: ${message}.`,
	);
}

async function sha256(text: string): Promise<Uint8Array> {
	return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function bytesOf(hex: string): Uint8Array {
	return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** In the same time wherever they differ. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
	return one.reduce((difference, byte, at) => difference | (byte ^ (other[at] ?? 0)), 0) === 0;
}
