/** A call to another object must not keep a shard's alarm: it may be stuck in a user's code. */
import type { Clock } from "../model/ports";

const CALL_MS = 10_000;

/** The outcome of a call; one without an answer fails, whether it is carried out or not. */
export async function inTime<T>(clock: Clock, call: Promise<T>): Promise<T> {
	const { promise: late, reject } = Promise.withResolvers<never>();
	const cancel = clock.after(CALL_MS, () => reject(new Error(`no answer within ${CALL_MS} ms`)));
	try {
		return await Promise.race([call, late]);
	} finally {
		cancel();
	}
}
