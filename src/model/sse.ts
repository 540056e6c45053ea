/** Server-sent events as text (HTML, 9.2.6). */
import type { ChronicleEntry } from "./chronicle";

/** A line that readers ignore, and that keeps the connection. */
export const HEARTBEAT = ": still here\n\n";

/** What a stream begins with: a client whose connection broke comes back after a second. */
export const STREAM_HEAD = "retry: 1000\n\n";

export function sseText({ id, name, at, data }: ChronicleEntry): string {
	return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify({ ...data, at })}\n\n`;
}
