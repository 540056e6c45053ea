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
	const places: Places = new Map();
	const merged = new Merged(places);
	if (names.length === 0) merged.end();
	await Promise.all(
		names.map(async (name, index) => {
			const place = given.get(name);
			if (place !== undefined) places.set(name, place);
			const stream = unwrap(await runners.getByName(name).follow({ from: place, events }));
			// One heartbeat is enough.
			merged.add(stream, { name, isKept: index === 0 });
		}),
	);
	return merged.readable();
}

async function shardsOf(runners: RunnerNamespace, type: string): Promise<string[]> {
	const shards = await askShards(runners, type, (shard) => shard.indexStats());
	return shards.map((_, index) => shardName(type, index));
}

/** The events of several streams in one, each with the places behind it. It ends with the first of them. */
class Merged {
	readonly #places: Places;
	readonly #abort = new AbortController();
	readonly #texts: string[] = [];
	#more = Promise.withResolvers<void>();
	#taken = Promise.withResolvers<void>();

	constructor(places: Places) {
		this.#places = places;
	}

	/** `isKept`: what is no event is passed on, too. */
	add(
		stream: ReadableStream<Uint8Array>,
		{ name, isKept }: { name: string; isKept: boolean },
	): void {
		const decoder = new TextDecoder();
		let text = "";
		const write = async (bytes: Uint8Array) => {
			// A slow reader holds up the streams, which read their feeds only when they are pulled.
			while (this.#texts.length > 0 && !this.#abort.signal.aborted) await this.#taken.promise;
			text += decoder.decode(bytes, { stream: true });
			const blocks = text.split("\n\n");
			text = blocks.pop() ?? "";
			for (const block of blocks) this.#take(`${block}\n\n`, name, isKept);
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

	#take(block: string, name: string, isKept: boolean): void {
		const [, id] = /^id: (.*)$/m.exec(block) ?? [];
		if (id === undefined && !isKept) return;
		if (id !== undefined) this.#places.set(name, id);
		this.#texts.push(block.replace(/^id: .*$/m, `id: ${placesText(this.#places)}`));
		this.#more.resolve();
		this.#more = Promise.withResolvers();
	}
}

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
