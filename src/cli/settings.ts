/**
 * Which service a command asks, and as whom: from the command line, the environment and the
 * configuration, a file with named servers:
 *
 *   { "default": "prod",
 *     "servers": { "prod": { "url": "https://workflows.example", "tokenEnv": "PROD_TOKEN" } } }
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { Connection } from "../service-client/transport";
import { UsageError } from "./exit";
import { parseJson } from "./values";

/** Where `wrangler dev` and `workflow dev` listen. */
export const DEFAULT_URL = "http://localhost:8787";

const server = z.strictObject({
	url: z.url({ protocol: /^https?$/, error: "expected an address as https://workflows.example" }),
	token: z.string().min(1).optional(),
	/** The name of an environment variable that has it. */
	tokenEnv: z.string().min(1).optional(),
});
export type Server = z.infer<typeof server>;

const configuration = z.strictObject({
	/** The server that is asked where nothing says another. */
	default: z.string().optional(),
	servers: z.record(z.string(), server).default({}),
});
export type Configuration = z.infer<typeof configuration>;

type Env = Readonly<Record<string, string | undefined>>;

/** What the command line says of it. */
export interface ConnectionOptions {
	url?: string | undefined;
	token?: string | undefined;
	server?: string | undefined;
}

export function configurationFile(env: Env = process.env): string {
	const { WORKFLOW_CONFIG: file, XDG_CONFIG_HOME: home } = env;
	return file || join(home || join(homedir(), ".config"), "workflow", "config.json");
}

/** @throws {UsageError} for a file that is no configuration. */
export function readConfiguration(file = configurationFile()): Configuration {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return { servers: {} };
		throw new UsageError(`${file}: ${(error as Error).message}`);
	}
	const parsed = configuration.safeParse(parseJson(text, file));
	if (parsed.success) return parsed.data;
	const [issue] = parsed.error.issues;
	throw new UsageError(`${file}: ${issue?.path.join(".")}: ${issue?.message}.`);
}

/** For its owner's eyes only: it may have tokens. */
export function writeConfiguration(config: Configuration, file = configurationFile()): void {
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
	chmodSync(file, 0o600);
}

/**
 * The token of a server goes to that server only; `WORKFLOW_TOKEN` to whatever else is asked.
 *
 * @throws {UsageError}
 */
export function connectionOf(
	{ url, token, server: name }: ConnectionOptions,
	{
		env = process.env,
		config = readConfiguration,
	}: { env?: Env; config?: () => Configuration } = {},
): Connection {
	const actor = env.WORKFLOW_ACTOR || userName();
	if (url !== undefined && name !== undefined) {
		throw new UsageError("--url and --server both say which service: give one of them.");
	}
	const address = url ?? (name === undefined ? env.WORKFLOW_URL || undefined : undefined);
	const plain = { token: token ?? (env.WORKFLOW_TOKEN || undefined), actor };
	if (address !== undefined) return { url: parseUrl(address), ...plain };
	const { default: usual, servers } = config();
	const chosen = name ?? usual;
	if (chosen === undefined) return { url: DEFAULT_URL, ...plain };
	const found = servers[chosen];
	if (found === undefined) throw unknownServer(chosen, servers);
	return { url: found.url, token: token ?? tokenOf(chosen, found, env) ?? plain.token, actor };
}

export function unknownServer(name: string, servers: Configuration["servers"]): UsageError {
	const known = Object.keys(servers);
	const list = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
	return new UsageError(
		`The configuration ${configurationFile()} has no server "${name}": ${list}. workflow servers add ${name} --url … adds it.`,
	);
}

/** @throws {UsageError} */
export function parseUrl(text: string): string {
	if (server.shape.url.safeParse(text).success) return text;
	throw new UsageError(
		`The address of a service is as http://localhost:8787; received ${JSON.stringify(text)}.`,
	);
}

function tokenOf(name: string, { token, tokenEnv }: Server, env: Env): string | undefined {
	if (tokenEnv === undefined) return token;
	const value = env[tokenEnv];
	if (value) return value;
	throw new UsageError(
		`The token of the server "${name}" is in the environment variable ${tokenEnv}, which is not set.`,
	);
}

function userName(): string | undefined {
	try {
		return userInfo().username;
	} catch {
		// A container may run as a user without a name.
		return undefined;
	}
}
