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
		watch: () => () => {},
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

	it("gives its place away once when it is given up while what it tells cannot be stored", async () => {
		const streams = new EventStreams(clock, 2);
		const { promise, reject } = Promise.withResolvers<void>();
		const broken = { ...feed([EVENT]), synced: () => promise };
		const reader = streams.open(broken, null).getReader();
		await reader.read();
		const next = reader.read();
		await reader.cancel();
		reject(new Error("the disk is full"));
		expect((await next).done).toBe(true);
		for (let tick = 0; tick < 20; tick++) await null;
		streams.open(feed([]), null);
		streams.open(feed([]), null);
		expect(() => streams.open(feed([]), null)).toThrow(
			expect.objectContaining({ code: "STREAM_LIMIT" }),
		);
	});

	it("tells large events a few at a time, all of them and in order", async () => {
		const large = Array.from({ length: 10 }, (_, n) => {
			return { ...EVENT, id: `${n}`, data: { text: "x".repeat(100_000) } };
		});
		const reader = new EventStreams(clock).open(feed(large), null).getReader();
		const decoder = new TextDecoder();
		let text = "";
		let longest = 0;
		for (;;) {
			const { value, done } = await reader.read();
			if (done) break;
			longest = Math.max(longest, value.length);
			text += decoder.decode(value);
		}
		expect(longest).toBeLessThan(300_000);
		const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
		expect(ids).toEqual(large.map(({ id }) => id));
	});

	it("begins with the id of where it is, for a client that hears of no event", async () => {
		const reader = new EventStreams(clock).open({ ...feed([]), start: "here.7" }, null).getReader();
		const { value } = await reader.read();
		expect(new TextDecoder().decode(value)).toBe("retry: 1000\nid: here.7\n\n");
		await reader.cancel();
	});

	it("leaves nothing behind of its waits, however many there were", async () => {
		const waits = 500;
		let watched = 0;
		const watching = new Set<() => void>();
		const timers = new Set<() => void>();
		const ticking = {
			...clock,
			after: (_: number, work: () => void) => {
				timers.add(work);
				return () => timers.delete(work);
			},
		};
		const lasting: Feed = {
			read: () => (watched >= waits ? undefined : []),
			watch(wake) {
				watched++;
				expect(watching.size).toBe(0);
				watching.add(wake);
				queueMicrotask(wake);
				return () => watching.delete(wake);
			},
			synced: async () => {},
		};
		await textOf(new EventStreams(ticking).open(lasting, null));
		expect([watched, watching.size, timers.size]).toEqual([waits, 0, 0]);
		const parked = new EventStreams(ticking).open({ ...lasting, read: () => [], watch }, null);
		function watch(wake: () => void) {
			watching.add(wake);
			return () => watching.delete(wake);
		}
		const reader = parked.getReader();
		await reader.read();
		const next = reader.read();
		await Promise.resolve();
		expect([watching.size, timers.size]).toEqual([1, 1]);
		await reader.cancel();
		await next;
		expect([watching.size, timers.size]).toEqual([0, 0]);
	});

	it("is one of as many as its object may have", () => {
		const streams = new EventStreams(clock, 2);
		const open = () => streams.open(feed([EVENT]), null);
		open();
		open();
		expect(open).toThrow(expect.objectContaining({ code: "STREAM_LIMIT", details: { limit: 2 } }));
	});
});
