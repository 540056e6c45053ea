/** Reads a stream of server-sent events, as a client of it would. */

export interface Told {
	id: string;
	event: string;
	data: Record<string, unknown>;
}

export class Follower {
	readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
	readonly #decoder = new TextDecoder();
	#text = "";
	heartbeats = 0;

	constructor(stream: ReadableStream<Uint8Array>) {
		this.#reader = stream.getReader();
	}

	/** The next event; undefined: the stream has ended. */
	async next(): Promise<Told | undefined> {
		for (;;) {
			const end = this.#text.indexOf("\n\n");
			if (end >= 0) {
				const told = parsed(this.#text.slice(0, end));
				this.#text = this.#text.slice(end + 2);
				if (told !== undefined) return told;
				this.heartbeats++;
				continue;
			}
			const { value, done } = await this.#reader.read();
			if (done) return undefined;
			this.#text += this.#decoder.decode(value, { stream: true });
		}
	}

	/** What comes up to the first event of this name, or to the end. */
	async until(event?: string): Promise<Told[]> {
		const all: Told[] = [];
		for (let told = await this.next(); told !== undefined; told = await this.next()) {
			all.push(told);
			if (told.event === event) break;
		}
		return all;
	}

	/** The connection goes away. */
	close(): Promise<void> {
		return this.#reader.cancel();
	}
}

/** Undefined for what has no event: the head, a heartbeat. */
function parsed(block: string): Told | undefined {
	const fields = new Map(
		block.split("\n").map((line): [string, string] => {
			const colon = line.indexOf(": ");
			return [line.slice(0, colon), line.slice(colon + 2)];
		}),
	);
	const event = fields.get("event");
	if (event === undefined) return undefined;
	return { id: fields.get("id") ?? "", event, data: JSON.parse(fields.get("data") ?? "null") };
}
