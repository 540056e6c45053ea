/**
 * `http`: one request. Answers that may pass (408, 425, 429, 5xx) and requests without an answer are
 * tried again. What is left after that goes by the first of these routes that the place has:
 *
 *   status404?   status4xx?   success? (2xx) or failure? (any other, and no answer at all)
 *
 * Without a route an answer of 2xx is left by `success`, and any other fails the place.
 */
import * as z from "zod";
import { durationMs } from "../../../model/duration";
import { WorkflowError } from "../../../model/errors";
import { LIMITS } from "../../../model/limits";
import { type EdgeMap, type ExecutionContext, type NodeMetadata, WorkflowNode } from "../node";
import { duration } from "./fields";
import type { HttpSettings } from "./http-access";
import { exchange, type HttpAnswer } from "./http-exchange";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const config = z.strictObject({
	url: z.string().min(1),
	method: z
		.string()
		.transform((method) => method.toUpperCase())
		.pipe(z.enum(METHODS))
		.default("GET"),
	headers: z
		.record(
			z.string().regex(HEADER, "expected the name of a header"),
			z.union([z.string(), z.number(), z.boolean()]).transform(String),
		)
		.default({}),
	/** A text goes as it is, anything else as JSON. */
	body: z.unknown().optional(),
	timeout: duration.default(LIMITS.graphRequestMs),
});

type Given = z.output<typeof config>;

/** The class of nodes with these settings. */
export function httpNode(settings: HttpSettings): new () => WorkflowNode {
	return class HttpNode extends WorkflowNode {
		readonly metadata: NodeMetadata = {
			id: "http",
			name: "HTTP request",
			description:
				"Sends a request, tries it again while that may help, and goes on by the answer.",
			version: "1.0.0",
			shorthand: "url",
			outputs: ["status", "headers", "body"],
			config,
			retry: { limit: 3, delay: "1s", backoff: "exponential", maxDelay: "30s", jitter: 0.2 },
		};

		async execute(context: ExecutionContext, given: Given): Promise<EdgeMap> {
			const { attempt, attemptsMax, edges, signal } = context;
			const isLast = attemptsMax !== null && attempt >= attemptsMax;
			let answer: HttpAnswer;
			try {
				answer = await exchange(requestOf(given, context), settings, signal);
			} catch (error) {
				const isLost = error instanceof WorkflowError && error.code === "HTTP_FAILED";
				if (!isLost || !isLast || !edges.includes("failure")) throw error;
				return { failure: () => ({ status: null, error: error.message }) };
			}
			const { status } = answer;
			if (isPassing(status) && !isLast) throw statusError("HTTP_FAILED", given, status);
			const isFine = status >= 200 && status < 300;
			const ways = [
				`status${status}`,
				`status${Math.floor(status / 100)}xx`,
				isFine ? "success" : "failure",
			];
			const edge = ways.find((way) => edges.includes(way)) ?? (isFine ? "success" : undefined);
			if (edge === undefined) throw statusError("HTTP_STATUS", given, status);
			return { [edge]: () => answer };
		}
	};
}

function requestOf(given: Given, { idempotencyKey }: ExecutionContext) {
	const { method, url, body, timeout } = given;
	const headers: Record<string, string> = { ...given.headers };
	const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
	const isText = typeof body === "string";
	const hasBody = body !== undefined && body !== null && method !== "GET" && method !== "HEAD";
	if (hasBody && !isText && !names.has("content-type"))
		headers["content-type"] = "application/json";
	// The other side can tell a repeated request by it.
	if (method !== "GET" && method !== "HEAD" && !names.has("idempotency-key")) {
		headers["idempotency-key"] = encodeURIComponent(idempotencyKey);
	}
	return {
		method,
		url,
		headers,
		body: hasBody ? (isText ? body : JSON.stringify(body)) : undefined,
		timeoutMs: durationMs(timeout),
	};
}

/** Whether the same request may be answered otherwise before long. */
function isPassing(status: number): boolean {
	return status >= 500 || status === 408 || status === 425 || status === 429;
}

function statusError(
	code: "HTTP_FAILED" | "HTTP_STATUS",
	{ method, url }: Given,
	status: number,
): WorkflowError {
	const host = URL.canParse(url) ? new URL(url).host : url;
	return new WorkflowError(code, `${method} to "${host}" was answered with ${status}.`, { status });
}
