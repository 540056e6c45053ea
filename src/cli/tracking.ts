/**
 * What a follower knows of an instance from its events: where it stands, which steps are open, how
 * many have ended. No I/O.
 */
import type { WorkflowStatusResponse } from "../service-client/answers";
import type { FollowedEvent } from "../service-client/follow";
import { brief, clockTime, duration } from "./words";

export class Tracking {
	status: string;
	/** In percent; undefined: its type has no graph. */
	progress: number | undefined;
	completedSteps: number;
	totalSteps: number | undefined;
	readonly #open = new Set<string>();

	constructor(instance: WorkflowStatusResponse) {
		this.status = instance.status;
		this.progress = instance.progress;
		this.completedSteps = instance.completedSteps ?? 0;
		this.totalSteps = instance.totalSteps;
	}

	/** The newest step that has begun and not ended. */
	get current(): string | undefined {
		return [...this.#open].at(-1);
	}

	/** What there is to say of the event; undefined: nothing. */
	take({ name, data }: FollowedEvent): string | undefined {
		const step = text(data.stepName);
		const line = (what: string) => `${clockTime(Number(data.at))}  ${what}`;
		switch (name) {
			case "workflow.started":
				this.#open.clear();
				if (this.totalSteps === undefined) this.completedSteps = 0;
				return line("started");
			case "workflow.status":
				this.status = text(data.status);
				return line(`${this.status}${data.reason === null ? "" : `: ${text(data.reason)}`}`);
			case "workflow.progress":
				this.progress = Number(data.progress);
				this.completedSteps = Number(data.completedSteps);
				this.totalSteps = Number(data.totalSteps);
				return undefined;
			case "workflow.step.started":
				this.#open.delete(step);
				this.#open.add(step);
				return line(`${step}  started`);
			case "workflow.step.completed":
				this.#over(step);
				return line(
					`${step}  completed${data.output === null ? "" : `  ${brief(data.output, 60)}`}`,
				);
			case "workflow.step.failed":
				this.#over(step);
				return line(`${step}  failed: ${text(data.error)}`);
			case "workflow.step.retry":
				return line(
					`${step}  attempt ${data.attempt} of ${data.maxAttempts} failed: ${text(data.error)}; the next in ${duration(Number(data.delay))}`,
				);
			case "log.workflow":
				return line(`${text(data.level)}: ${text(data.message)}`);
			default:
				return undefined;
		}
	}

	#over(step: string): void {
		this.#open.delete(step);
		if (this.totalSteps === undefined) this.completedSteps++;
	}
}

/** Those that `take` knows. */
export const TRACKED = [
	"workflow.started",
	"workflow.status",
	"workflow.progress",
	"workflow.step.started",
	"workflow.step.completed",
	"workflow.step.failed",
	"workflow.step.retry",
	"log.workflow",
];

const BAR_WIDTH = 20;

/** `██████████░░░░░░░░░░` */
export function bar(percent: number, width = BAR_WIDTH): string {
	const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * width);
	return "█".repeat(full) + "░".repeat(width - full);
}

/** A generated id must not push out of the line what changes. */
const ID_LENGTH = 16;

/** The line that shows where it stands. */
export function trackingLine(
	{ status, progress, completedSteps, totalSteps, current }: Tracking,
	{ id, elapsedMs }: { id: string; elapsedMs: number },
): string {
	const steps =
		totalSteps === undefined
			? `${completedSteps} step${completedSteps === 1 ? "" : "s"} done`
			: `${completedSteps}/${totalSteps} steps`;
	const parts = [
		id.length > ID_LENGTH ? `${id.slice(0, ID_LENGTH - 1)}…` : id,
		...(progress === undefined ? [] : [`${bar(progress)} ${Math.round(progress)}%`]),
		status,
		...(current === undefined ? [] : [current]),
		steps,
		duration(elapsedMs - (elapsedMs % 1_000)),
	];
	return parts.join("  ");
}

function text(value: unknown): string {
	return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
