/** One request of the node `http`, with the redirects that it is answered by, and its answer. */
import { WorkflowError } from "../../../model/errors";
import { LIMITS } from "../../../model/limits";
import { printable } from "../../../model/printable";
import { allowedUrl, type HttpSettings } from "./http-access";

export interface HttpRequest {
	method: string;
	url: string;
	headers: Record<string, string>;
	body: string | undefined;
	timeoutMs: number;
}

export interface HttpAnswer {
	status: number;
	/** Names in lower case; no cookies. */
	headers: Record<string, string>;
	/** Parsed, where it is JSON; else text. */
	body: unknown;
}

/** Not sent on to another origin. */
const OF_ORIGIN = ["authorization", "cookie", "proxy-authorization"];
/** Not sent with a request that a redirect has made a GET. */
const OF_BODY = ["content-type", "content-length", "content-encoding"];
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @throws {WorkflowError} `HTTP_FORBIDDEN`, `HTTP_TOO_LARGE`; `HTTP_FAILED` where there was no answer.
 */
export async function exchange(
	request: HttpRequest,
	settings: HttpSettings,
	signal: AbortSignal,
): Promise<HttpAnswer> {
	const { timeoutMs } = request;
	const controller = new AbortController();
	const timer = setTimeout(() => {
		controller.abort(new Error(`there was no answer within ${timeoutMs} ms`));
	}, timeoutMs);
	try {
		const either = AbortSignal.any([signal, controller.signal]);
		return await answerOf(await follow(request, settings, either), either);
	} catch (error) {
		if (error instanceof WorkflowError) throw error;
		const { reason } = controller.signal;
		const why = reason instanceof Error ? reason.message : messageOf(error);
		throw new WorkflowError(
			"HTTP_FAILED",
			`The request to "${hostOf(request.url)}" failed: ${why}.`,
			{
				status: null,
			},
		);
	} finally {
		clearTimeout(timer);
	}
}

async function follow(
	{ method, url: first, headers: given, body: text }: HttpRequest,
	settings: HttpSettings,
	signal: AbortSignal,
): Promise<Response> {
	const { fetch = (url, init) => globalThis.fetch(url, init) } = settings;
	let url = allowedUrl(first, undefined, settings);
	let sent = { method, body: text };
	let headers = new Headers(given);
	for (let count = 0; count <= LIMITS.graphRedirects; count++) {
		const init: RequestInit = { method: sent.method, headers, redirect: "manual", signal };
		const response = await fetch(
			url.href,
			sent.body === undefined ? init : { ...init, body: sent.body },
		);
		const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
		if (location === null) return response;
		await response.body?.cancel();
		const next = allowedUrl(location, url, settings);
		headers = new Headers(headers);
		if (next.origin !== url.origin) for (const name of OF_ORIGIN) headers.delete(name);
		const becomesGet =
			response.status === 303 ||
			(response.status < 303 && sent.method !== "GET" && sent.method !== "HEAD");
		if (becomesGet) {
			sent = { method: sent.method === "HEAD" ? "HEAD" : "GET", body: undefined };
			for (const name of OF_BODY) headers.delete(name);
		}
		url = next;
	}
	throw new WorkflowError(
		"HTTP_STATUS",
		`The request to "${hostOf(first)}" was redirected more than ${LIMITS.graphRedirects} times.`,
	);
}

async function answerOf(response: Response, signal: AbortSignal): Promise<HttpAnswer> {
	const headers = Object.fromEntries(
		[...response.headers].filter(([name]) => name !== "set-cookie"),
	);
	const text = await textOf(response, signal);
	return { status: response.status, headers, body: bodyOf(text, headers["content-type"] ?? "") };
}

async function textOf(response: Response, signal: AbortSignal): Promise<string> {
	const limitBytes = LIMITS.graphResponseBytes;
	if (response.body === null) return "";
	const decoder = new TextDecoder();
	const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
	const onAbort = () => void reader.cancel(signal.reason).catch(() => {});
	signal.addEventListener("abort", onAbort);
	try {
		let text = "";
		let sizeBytes = 0;
		for (;;) {
			const { value, done } = await reader.read();
			signal.throwIfAborted();
			if (done) return text + decoder.decode();
			sizeBytes += value.byteLength;
			if (sizeBytes > limitBytes) {
				await reader.cancel();
				throw new WorkflowError(
					"HTTP_TOO_LARGE",
					`The answer has more than ${limitBytes} bytes. Ask for less, or have a node of your own store it elsewhere.`,
					{ limitBytes },
				);
			}
			text += decoder.decode(value, { stream: true });
		}
	} finally {
		signal.removeEventListener("abort", onAbort);
	}
}

function bodyOf(text: string, type: string): unknown {
	if (!/[/+]json\b/i.test(type)) return text;
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

function hostOf(url: string): string {
	return URL.canParse(url) ? new URL(url).host : url;
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : printable(error);
}
