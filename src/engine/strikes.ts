/**
 * Passes that ended their isolate (G17). A stored status of `running` with no pass in memory says
 * that one did: a deploy, a crash, or the program itself by memory or CPU time. Those that
 * recorded something new are no concern; others are counted, backed off, and stopped.
 *
 * All instances of an isolate are struck when it ends, so the guilty one is told from its
 * neighbours by time: retries move apart, and only what dies by itself dies every time.
 */
import { LIMITS } from "../model/limits";

/** What to do about a lost pass. */
export type LostPass =
	| { verdict: "replay"; strikes: number }
	| { verdict: "back off"; strikes: number; untilMs: number }
	| { verdict: "give up"; strikes: number };

/** Doubled with each further strike. */
const BACKOFF_MS = 5_000;
const BACKOFF_MAX_MS = 40_000;

/** `chance`, from 0 to 1, spreads the retries of instances that were lost together. */
export function judgeLostPass(
	before: { strikes: number; progress: number },
	progress: number,
	{ now, chance }: { now: number; chance: number },
): LostPass {
	// It recorded something: whatever ended it, the next pass starts further on.
	if (progress > before.progress) return { verdict: "replay", strikes: 0 };
	const strikes = before.strikes + 1;
	if (strikes >= LIMITS.strikes) return { verdict: "give up", strikes };
	// A first strike is most often a deploy or a restart: no reason to wait.
	if (strikes === 1) return { verdict: "replay", strikes };
	const backoffMs = Math.min(BACKOFF_MS * 2 ** (strikes - 2), BACKOFF_MAX_MS);
	return { verdict: "back off", strikes, untilMs: now + Math.round(backoffMs * (0.5 + chance)) };
}
