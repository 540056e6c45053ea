/**
 * A stream of server-sent events that outlives its connections: where one breaks, the next goes on
 * behind the last event that was read (`Last-Event-ID`), so none is missed or told twice.
 */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { UnreachableError } from "./faults";
import { type Query, type Transport, unreachable } from "./transport";

export interface FollowedEvent {
	id: string;
	name: string;
	/** With `at`, when it happened, in ms since 1970. */
	data: Readonly<Record<string, unknown>>;
}

export interface FollowOptions {
	/** Names of those that are wanted. Default: all. */
	events?: readonly string[] | undefined;
	/** Ends it. */
	signal?: AbortSignal | undefined;
	/** Told when the connection is lost, and another is tried. */
	onLost?: ((error: Error) => void) | undefined;
	/** How long it is tried to connect anew. Default: a minute. */
	patienceMs?: number | undefined;
}

const WAIT_MS = { first: 250, most: 5_000 };
/** The service says something every 15 s; a connection that is silent for so long is dead. */
const SILENCE_MS = 45_000;

/** @throws {ServiceError} where the service refuses; `UnreachableError` where it is away for too long. */
export async function* follow(
	transport: Transport,
	path: string,
	{ events, signal, onLost, patienceMs = 60_000 }: FollowOptions = {},
): AsyncGenerator<FollowedEvent, void> {
	const query: Query = { events: events?.join(",") };
	let last: string | undefined;
	let lostAt: number | undefined;
	let waitMs = WAIT_MS.first;
	while (signal?.aborted !== true) {
		const listening = new Listening(signal);
		try {
			const headers = new Headers(last === undefined ? {} : { "Last-Event-ID": last });
			const request = { method: "GET", path, query, headers, signal: listening.signal } as const;
			const response = await transport.open(request);
			// Everything has been told.
			if (response.status === 204) return;
			lostAt = undefined;
			for await (const event of eventsOf(response, () => listening.heard())) {
				waitMs = WAIT_MS.first;
				last = event.id;
				yield event;
			}
		} catch (error) {
			const fault = unreachable(transport.url, error);
			if (signal?.aborted || !(fault instanceof UnreachableError)) throw fault;
			lostAt ??= Date.now();
			if (Date.now() - lostAt >= patienceMs) throw fault;
			onLost?.(fault);
		} finally {
			listening.end();
		}
		await pause(waitMs, signal);
		waitMs = Math.min(waitMs * 2, WAIT_MS.most);
	}
}

/** One connection: ended from outside, or by a long silence. */
class Listening {
	readonly signal: AbortSignal;
	readonly #silence = new AbortController();
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(signal: AbortSignal | undefined) {
		const { signal: silence } = this.#silence;
		this.signal = signal === undefined ? silence : AbortSignal.any([signal, silence]);
		this.heard();
	}

	heard(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#silence.abort(new DOMException("It fell silent.", "TimeoutError"));
		}, SILENCE_MS);
	}

	/** Also lets go of a connection that is not read to its end. */
	end(): void {
		clearTimeout(this.#timer);
		this.#silence.abort();
	}
}

async function* eventsOf(
	{ body }: Response,
	heard: () => void,
): AsyncGenerator<FollowedEvent, void> {
	if (body === null) return;
	const messages = body
		.pipeThrough(new TextDecoderStream())
		.pipeThrough(new EventSourceParserStream({ onComment: heard }));
	for await (const { id = "", event = "message", data } of messages) {
		heard();
		yield { id, name: event, data: JSON.parse(data) };
	}
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal?.addEventListener("abort", () => {
			clearTimeout(timer);
			resolve();
		});
	});
}
