/** Streams of server-sent events, apart from what is told in them. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import { EventStreams, type Feed, type StreamEvent } from "../../src/streams/event-streams";

const clock = { now: () => 0, after: () => () => {}, turn: () => Promise.resolve() };
const EVENT: StreamEvent = { id: "1", name: "a", at: 0, data: { n: 1 } };

/** Tells what it is given, then ends, or fails. */
function feed(told: readonly StreamEvent[], fails = false): Feed {
	let hasTold = false;
	return {
		read() {
			if (!hasTold) {
				hasTold = true;
				return told;
			}
			if (fails) throw new Error("the tables cannot be read");
			return undefined;
		},
		more: (stopped) => stopped,
		synced: async () => {},
	};
}

const textOf = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

describe("a stream", () => {
	it("tells the events that are chosen, and ends", async () => {
		const streams = new EventStreams(clock);
		const other = { ...EVENT, id: "2", name: "b" };
		const text = await textOf(streams.open(feed([EVENT, other]), new Set(["b"])));
		expect(text).toBe('retry: 1000\n\nid: 2\nevent: b\ndata: {"n":1,"at":0}\n\n');
	});

	it.each([
		["has ended", () => textOf],
		["has failed", () => (stream: ReadableStream) => textOf(stream).catch(() => {})],
		["is given up", () => (stream: ReadableStream) => stream.cancel()],
	])("gives its place to another one when it %s", async (how, end) => {
		const streams = new EventStreams(clock);
		const open = () => streams.open(feed([EVENT], how === "has failed"), null);
		const opened = Array.from({ length: LIMITS.streams }, open);
		expect(open).toThrow(expect.objectContaining({ code: "STREAM_LIMIT" }));
		await Promise.all(opened.map(end()));
		for (let n = 0; n < LIMITS.streams; n++) open();
		expect(open).toThrow(expect.objectContaining({ code: "STREAM_LIMIT" }));
	});
});
