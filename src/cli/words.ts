/** How times, statuses and values are shown to people. */
import prettyMilliseconds from "pretty-ms";
import type { StepInfo, WorkflowStatus } from "../service-client/answers";
import type { Colors } from "./terminal";

const MINUTE_MS = 60_000;

/** `2026-11-20 14:15:16`, in the zone of the machine. */
export function moment(ms: number): string {
	// Swedish writes dates as ISO 8601 does.
	return new Date(ms).toLocaleString("sv-SE");
}

export function clockTime(ms: number): string {
	return new Date(ms).toLocaleTimeString("sv-SE");
}

export function momentOrNever(ms: number | null): string {
	return ms === null ? "never" : moment(ms);
}

/** `1m 5s`; short ones with their ms. */
export function duration(ms: number): string {
	if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
	const secondsDecimalDigits = ms < MINUTE_MS ? 1 : 0;
	return prettyMilliseconds(ms, { unitCount: 2, secondsDecimalDigits });
}

/** `2026-11-20 14:15:16 (in 5m)` */
export function momentFrom(ms: number, now: number): string {
	const far = duration(Math.abs(ms - now));
	return `${moment(ms)} (${ms >= now ? `in ${far}` : `${far} ago`})`;
}

type Paint = Exclude<keyof Colors, "isColorSupported">;

const STATUS_COLORS: Record<WorkflowStatus | StepInfo["status"], Paint> = {
	created: "dim",
	running: "cyan",
	sleeping: "blue",
	waiting: "blue",
	paused: "yellow",
	panicked: "magenta",
	completed: "green",
	errored: "red",
	timed_out: "red",
	terminated: "yellow",
	retrying: "magenta",
	handling: "magenta",
	failed: "red",
	cancelled: "dim",
};

export function paintStatus(colors: Colors, status: WorkflowStatus | StepInfo["status"]): string {
	return colors[STATUS_COLORS[status]](status);
}

export function jsonText(value: unknown): string {
	return JSON.stringify(value, null, 2);
}

/** A value in a line. */
export function brief(value: unknown, length = 120): string {
	const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
	return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

export function count(number: number, word: string): string {
	return `${number} ${word}${number === 1 ? "" : "s"}`;
}
