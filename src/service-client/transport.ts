/**
 * One request to the service, and its answer. Refusals come as `ServiceError`; where nobody answers,
 * or something that is not the service, `UnreachableError`.
 */
import type { ErrorResponse } from "./answers";
import { ServiceError, UnreachableError } from "./faults";

export interface Connection {
	/** Of the service: `http://localhost:8787`. */
	url: string;
	/** Sent as `Authorization: Bearer …`. */
	token?: string | undefined;
	/** Who asks, for the audit. */
	actor?: string | undefined;
}

/** Fields that are undefined are left out; of a list, each is a field of its own. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface Request {
	method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	/** Its parts encoded: see `path`. */
	path: string;
	query?: Query | undefined;
	/** Sent as JSON. */
	body?: unknown;
	/** The body as it is to be sent: JSON, too. */
	text?: string | undefined;
	headers?: Headers | undefined;
	signal?: AbortSignal | undefined;
}

/** A request that takes longer than this is given up; streams may last. */
const PATIENCE_MS = 60_000;

export class Transport {
	readonly url: string;
	readonly #headers: Record<string, string>;

	constructor({ url, token, actor }: Connection) {
		this.url = url.replace(/\/+$/, "");
		this.#headers = {
			...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
			...(actor === undefined ? {} : { "X-Actor": actor }),
		};
	}

	/** The JSON of the answer. The caller says what the route answers with; the service is trusted. */
	async json<T>(request: Request): Promise<T> {
		return (await parsed(this.url, await this.text(request))) as T;
	}

	async text(request: Request): Promise<string> {
		const signal = request.signal ?? AbortSignal.timeout(PATIENCE_MS);
		const response = await this.open({ ...request, signal });
		return reading(this.url, response);
	}

	/** An answer whose body is still to be read. */
	async open({
		method,
		path,
		query = {},
		body,
		text,
		headers,
		signal,
	}: Request): Promise<Response> {
		const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
		const all = new Headers(headers);
		for (const [name, value] of Object.entries(this.#headers)) all.set(name, value);
		if (sent !== undefined) all.set("Content-Type", "application/json");
		let response: Response;
		try {
			response = await fetch(`${this.url}${path}${queryText(query)}`, {
				method,
				headers: all,
				...(sent === undefined ? {} : { body: sent }),
				...(signal === undefined ? {} : { signal }),
			});
		} catch (error) {
			throw unreachable(this.url, error);
		}
		if (!response.ok) throw await refusal(this.url, response);
		return response;
	}
}

/**
 * A path of parts, each percent-encoded.
 *
 * @example
 * path`/workflows/${id}/events/${event}`
 */
export function path(texts: TemplateStringsArray, ...parts: string[]): string {
	return String.raw({ raw: texts }, ...parts.map(encodeURIComponent));
}

function queryText(query: Query): string {
	const fields = Object.entries(query).flatMap(([name, value]) =>
		(Array.isArray(value) ? value : [value])
			.filter((each) => each !== undefined)
			.map((each) => [name, String(each)]),
	);
	return fields.length === 0 ? "" : `?${new URLSearchParams(fields)}`;
}

async function refusal(url: string, response: Response): Promise<Error> {
	const { error } = (await parsed(url, await reading(url, response), response.status)) as {
		error?: Partial<ErrorResponse["error"]>;
	};
	if (typeof error?.code !== "string" || typeof error.message !== "string") {
		return stranger(url, response.status);
	}
	const { code, message, details, requestId } = error;
	return new ServiceError(response.status, code, message, details, requestId);
}

async function reading(url: string, response: Response): Promise<string> {
	try {
		return await response.text();
	} catch (error) {
		throw unreachable(url, error);
	}
}

async function parsed(url: string, text: string, status = 200): Promise<unknown> {
	try {
		return JSON.parse(text) ?? {};
	} catch {
		throw stranger(url, status);
	}
}

function stranger(url: string, status: number): UnreachableError {
	return new UnreachableError(
		url,
		`something else answers there (HTTP ${status}, and not as the service does).`,
	);
}

/** `fetch` says "fetch failed" and has the reason as its cause. */
export function unreachable(url: string, error: unknown): Error {
	if (!(error instanceof Error)) return new UnreachableError(url, `${error}.`);
	if (error instanceof ServiceError || error.name === "AbortError") return error;
	return new UnreachableError(url, reasonOf(error), { cause: error });
}

function reasonOf(error: Error): string {
	if (error.name === "TimeoutError") return "it does not answer.";
	const { cause } = error;
	if (!(cause instanceof Error)) return `${error.message}.`;
	const { code } = cause as { code?: unknown };
	if (code === "ECONNREFUSED") return "nobody listens there (ECONNREFUSED).";
	if (code === "ENOTFOUND") return "there is no such host (ENOTFOUND).";
	return `${cause.message || String(code)}.`;
}
