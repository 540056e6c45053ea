/**
 * Follows all instances of some types: one stream, made of those of their shards. An event's id
 * says where the client is in each of them.
 */
import { badPlace, FROM_NOW_ON } from "../model/chronicle";
import { ValidationError } from "../model/errors";
import { parseShardName, shardName } from "../model/ids";
import { type StreamRequest, unwrap } from "../model/rpc";
import type { RunnerNamespace } from "./runner-client";
import { askShards } from "./shard-client";

/** Shards that one stream may be made of: their places are in each id. */
const SHARDS_MAX = 64;

/** Place by the name of the shard. */
type Places = Map<string, string>;

/**
 * Server-sent events, from now on or from behind an event's id. It ends when one of the shards goes
 * away: who comes back with the latest id misses nothing that is still kept.
 *
 * @throws {ValidationError} for an id that is none, or too many shards.
 */
export async function followTypes(
	runners: RunnerNamespace,
	types: readonly string[],
	{ from, events }: StreamRequest,
): Promise<ReadableStream<Uint8Array>> {
	const given = from === undefined ? new Map() : parsePlaces(from);
	const names = (await Promise.all(types.map((type) => shardsOf(runners, type)))).flat();
	if (names.length > SHARDS_MAX) {
		throw new ValidationError(
			`These types have ${names.length} shards, and a stream is made of at most ${SHARDS_MAX}. Follow fewer types.`,
			{ path: "type" },
		);
	}
	const places: Places = new Map(names.flatMap((name) => pairOf(name, given.get(name))));
	const answers = await Promise.allSettled(
		names.map(async (name) => {
			const request = { from: places.get(name), events };
			return [unwrap(await runners.getByName(name).follow(request)), name] as const;
		}),
	);
	const refused = answers.find((answer) => answer.status === "rejected");
	const followed = answers.flatMap((answer) => ("value" in answer ? [answer.value] : []));
	if (refused !== undefined) {
		// Nobody would read them, and each has a place at its shard.
		for (const [stream] of followed) stream.cancel().catch(() => {});
		throw refused.reason;
	}
	const merged = new Merged(names, places);
	if (names.length === 0) merged.end();
	for (const each of followed) merged.add(...each);
	return merged.readable();
}

async function shardsOf(runners: RunnerNamespace, type: string): Promise<string[]> {
	const shards = await askShards(runners, type, (shard) => shard.indexStats());
	return shards.map((_, index) => shardName(type, index));
}

function pairOf(name: string, place: string | undefined): [name: string, place: string][] {
	return place === undefined ? [] : [[name, place]];
}

/**
 * The events of several streams in one, each with the places behind it. It begins once it is known
 * where all of them do, so that no id leaves one out, and ends with the first that does.
 */
class Merged {
	readonly #places: Places;
	readonly #abort = new AbortController();
	/** Those that have not said where they begin. */
	readonly #silent: Set<string>;
	/** What came of others before they had. */
	readonly #early: [block: string, name: string][] = [];
	/** One heartbeat is enough: whose. */
	readonly #heart: string | undefined;
	readonly #texts: string[] = [];
	#more = Promise.withResolvers<void>();
	#taken = Promise.withResolvers<void>();

	constructor(names: readonly string[], places: Places) {
		this.#silent = new Set(names);
		this.#heart = names[0];
		this.#places = places;
	}

	add(stream: ReadableStream<Uint8Array>, name: string): void {
		const decoder = new TextDecoder();
		let text = "";
		const write = async (bytes: Uint8Array) => {
			// A slow reader holds up the streams, which read their feeds only when they are pulled.
			while (this.#texts.length > 0 && !this.#abort.signal.aborted) await this.#taken.promise;
			text += decoder.decode(bytes, { stream: true });
			const blocks = text.split("\n\n");
			text = blocks.pop() ?? "";
			for (const block of blocks) this.#take(`${block}\n\n`, name);
		};
		const { signal } = this.#abort;
		const end = () => this.end();
		stream.pipeTo(new WritableStream({ write }), { signal }).then(end, end);
	}

	end(): void {
		this.#abort.abort();
		this.#more.resolve();
		this.#taken.resolve();
	}

	readable(): ReadableStream<Uint8Array> {
		const encoder = new TextEncoder();
		return new ReadableStream({
			type: "bytes",
			pull: async (controller) => {
				while (this.#texts.length === 0 && !this.#abort.signal.aborted) await this.#more.promise;
				const text = this.#texts.splice(0).join("");
				this.#taken.resolve();
				this.#taken = Promise.withResolvers();
				if (text !== "") {
					controller.enqueue(encoder.encode(text));
				} else {
					controller.close();
					controller.byobRequest?.respond(0);
				}
			},
			cancel: () => this.end(),
		});
	}

	#take(block: string, name: string): void {
		if (this.#silent.delete(name)) {
			const [, id] = ID.exec(block) ?? [];
			if (id !== undefined) this.#places.set(name, id);
			if (this.#silent.size > 0) return;
			this.#tell(block.replace(/(?:id: .*\n)?\n$/, `id: ${placesText(this.#places)}\n\n`));
			for (const early of this.#early.splice(0)) this.#pass(...early);
		} else if (this.#silent.size > 0) {
			this.#early.push([block, name]);
		} else {
			this.#pass(block, name);
		}
	}

	#pass(block: string, name: string): void {
		const [, id] = ID.exec(block) ?? [];
		if (id !== undefined) this.#places.set(name, id);
		else if (name !== this.#heart) return;
		this.#tell(block.replace(ID, `id: ${placesText(this.#places)}`));
	}

	#tell(block: string): void {
		this.#texts.push(block);
		this.#more.resolve();
		this.#more = Promise.withResolvers();
	}
}

const ID = /^id: (.*)$/m;

function placesText(places: Places): string {
	return Array.from(places, ([name, place]) => `${name}~${place}`).join(",");
}

function parsePlaces(text: string): Places {
	const places: Places = new Map();
	for (const each of text.split(",")) {
		const [name = "", place = ""] = each.split("~");
		if (parseShardName(name) === undefined || place === "") {
			throw badPlace(text, FROM_NOW_ON);
		}
		places.set(name, place);
	}
	return places;
}
