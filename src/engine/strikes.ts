/**
 * Passes that ended their isolate (G17). A stored status of `running` with no pass in memory says
 * that one did: a deploy, a crash, or the program itself by memory or CPU time. Those that
 * recorded something new are no concern; others are counted, backed off, and stopped.
 *
 * All instances of an isolate are struck when it ends, so the guilty one is told from its
 * neighbours by time: retries move apart, and only what dies by itself dies every time.
 */
import { LIMITS } from "../model/limits";

/** A lost pass that was struck, or with which it was given up, as the chronicle tells of it. */
export interface LostPassNote {
	/** From 1, in the run. */
	seq: number;
	at: number;
	strikes: number;
	what: "stale" | "killed";
}

/** What of the row says that a pass was struck, and perhaps given up; the latest ones are kept. */
export function noteLostPass(
	before: string | null,
	{ at, strikes, isKilled }: { at: number; strikes: number; isKilled: boolean },
): string {
	const notes = lostPasses(before);
	const seq = notes.at(-1)?.seq ?? 0;
	notes.push({ seq: seq + 1, at, strikes, what: "stale" });
	if (isKilled) notes.push({ seq: seq + 2, at, strikes, what: "killed" });
	return JSON.stringify(notes.slice(-LIMITS.lostPasses));
}

export function lostPasses(text: string | null): LostPassNote[] {
	return text === null ? [] : JSON.parse(text);
}

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
