/** Waiting in tests of real processes: looks again and again, and says what it saw at the end. */
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 40_000;
const INTERVAL_MS = 25;

/** The first answer of `look` that is not undefined; `what` is said when none came in time. */
export async function poll<T>(
	what: () => string,
	look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
	for (const startedAt = performance.now(); ; await sleep(INTERVAL_MS)) {
		const found = await look();
		if (found !== undefined) return found;
		if (performance.now() - startedAt > PATIENCE_MS) {
			throw new Error(`nothing came of ${PATIENCE_MS} ms of waiting for ${what()}`);
		}
	}
}
