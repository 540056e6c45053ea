/**
 * The outside world of a test's steps: an HTTP server that remembers each call by its idempotency
 * key, and answers as the test decides.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { poll } from "./poll";

/** `hold` begins an answer and never ends it. */
export type Verdict = "accept" | "refuse" | "hold";

export interface Call {
	/** `<instance id>/<step key>` */
	key: string;
	/** What the step was told. */
	attempt: number;
	/** How many calls came with this key, this one included. */
	nth: number;
}

export class Witness {
	readonly calls: Call[] = [];
	/** The held calls whose caller is gone. */
	readonly lost: Call[] = [];
	readonly #decide: (call: Call) => Verdict;
	readonly #server: Server = createServer((request, response) => this.#hear(request, response));

	private constructor(decide: (call: Call) => Verdict) {
		this.#decide = decide;
	}

	static async start(decide: (call: Call) => Verdict): Promise<Witness> {
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

	#hear(request: IncomingMessage, response: ServerResponse): void {
		const query = new URL(request.url ?? "", this.url).searchParams;
		const key = query.get("key") ?? "";
		const call = {
			key,
			attempt: Number(query.get("attempt")),
			nth: this.attempts(key).length + 1,
		};
		this.calls.push(call);
		const verdict = this.#decide(call);
		response.writeHead(verdict === "refuse" ? 503 : 200);
		if (verdict !== "hold") {
			response.end(verdict);
			return;
		}
		response.write("hold");
		response.on("close", () => this.lost.push(call));
	}
}
