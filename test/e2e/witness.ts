/**
 * The outside world of a test's steps: an HTTP server that remembers each call by its idempotency
 * key, and answers as the test decides; the answer's text says how many calls the key has had.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { poll } from "./poll";

/** `hold` begins an answer and never ends it. */
export type Verdict = "accept" | "refuse" | "reject" | "hold";

const HTTP_STATUS: Record<Verdict, number> = { accept: 200, refuse: 503, reject: 422, hold: 200 };

export interface Call {
	/** `<instance id>/<step key>` */
	key: string;
	/** What the step was told. */
	attempt: number;
	/** How many calls came with this key, this one included. */
	nth: number;
	body: string;
}

export class Witness {
	readonly calls: Call[] = [];
	/** The held calls whose caller is gone. */
	readonly lost: Call[] = [];
	readonly #decide: (call: Call) => Verdict | Promise<Verdict>;
	readonly #server: Server = createServer((request, response) => {
		void this.#hear(request, response);
	});

	private constructor(decide: (call: Call) => Verdict | Promise<Verdict>) {
		this.#decide = decide;
	}

	static async start(decide: (call: Call) => Verdict | Promise<Verdict>): Promise<Witness> {
		const witness = new Witness(decide);
		witness.#server.listen(0, "127.0.0.1");
		await once(witness.#server, "listening");
		return witness;
	}

	get url(): string {
		const address = this.#server.address();
		if (address === null || typeof address === "string") throw new Error("no TCP address");
		return `http://127.0.0.1:${address.port}`;
	}

	/** What the calls with this key were told, in their order. */
	attempts(key: string): number[] {
		return this.calls.filter((call) => call.key === key).map(({ attempt }) => attempt);
	}

	/** Waits until each key has been called at least so often. */
	async heard(keys: readonly string[], times = 1): Promise<void> {
		const missing = () => keys.filter((key) => this.attempts(key).length < times);
		await poll(
			() => `${times} calls of each of ${missing()}`,
			() => missing().length === 0 || undefined,
		);
	}

	stop(): void {
		this.#server.closeAllConnections();
		this.#server.close();
	}

	async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const query = new URL(request.url ?? "", this.url).searchParams;
		const body = await text(request).catch(() => undefined);
		// A caller that is gone before its call is whole has not called.
		if (body === undefined) return;
		const key = query.get("key") ?? "";
		const nth = this.attempts(key).length + 1;
		const call = { key, attempt: Number(query.get("attempt")), nth, body };
		this.calls.push(call);
		const verdict = await this.#decide(call);
		response.writeHead(HTTP_STATUS[verdict]);
		if (verdict !== "hold") {
			response.end(String(nth));
			return;
		}
		response.write("hold");
		response.on("close", () => this.lost.push(call));
	}
}
