/**
 * Passes that ended their isolate (G17). A stored status of `running` with no pass in memory says
 * that one did: a deploy, a crash, or the program itself by memory or CPU time. Those that
 * recorded something new are no concern; others are counted, backed off, and stopped.
 */
import { LIMITS } from "../model/limits";

/** What to do about a lost pass. */
export type LostPass =
	| { verdict: "replay"; strikes: number }
	| { verdict: "back off"; strikes: number; untilMs: number }
	| { verdict: "give up"; strikes: number };

const BACKOFF_MS = 5_000;

export function judgeLostPass(
	before: { strikes: number; progress: number },
	progress: number,
	now: number,
): LostPass {
	// It recorded something: whatever ended it, the next pass starts further on.
	if (progress > before.progress) return { verdict: "replay", strikes: 0 };
	const strikes = before.strikes + 1;
	if (strikes >= LIMITS.strikes) return { verdict: "give up", strikes };
	// A first strike is most often a deploy or a restart: no reason to wait.
	if (strikes === 1) return { verdict: "replay", strikes };
	return { verdict: "back off", strikes, untilMs: now + BACKOFF_MS };
}
