/** A receiver under test: a handler that remembers what it is told, and fails as it is asked to. */
import { describeInstance } from "../../src/client/runner-client";
import {
	type DeliveryOptions,
	deliveryPolicy,
	type EventHandler,
	type WorkflowEvent,
} from "../../src/model/delivery";

import { runners, type TestInstance } from "./instance";
import { clock } from "./lab";

/** What becomes of an attempt. */
type Reaction = "take" | "fail" | "hang";

export class Listener {
	/** Each attempt, as it came. */
	readonly heard: WorkflowEvent[] = [];
	/** What is done with the next ones; then all are taken. */
	reactions: Reaction[] = [];
	/** What is done with all that are not foreseen. */
	usual: Reaction = "take";

	/** As the service of a type would have it; `events`: all, if there are none. */
	handler(events: readonly string[] = [], options: DeliveryOptions = {}): EventHandler {
		return {
			name: `on:${events.join() || "*"}`,
			events: events.length === 0 ? null : new Set(events),
			policy: deliveryPolicy({ retries: { jitter: 0, ...options.retries }, ...options }, ""),
			handle: (event) => {
				this.heard.push(event);
				const reaction = this.reactions.shift() ?? this.usual;
				if (reaction === "hang") return new Promise(() => {});
				if (reaction === "fail") throw new Error("not now");
				return null;
			},
		};
	}

	/** A line for each: its name without "workflow.", its step, and the attempt if it is not the first. */
	get lines(): string[] {
		return this.heard
			.filter(({ name }) => name !== "workflow.status")
			.map(({ name, data, attempt }) => {
				const about = data.stepName ?? data.message ?? data.stage;
				const again = attempt === 1 ? "" : ` (${attempt})`;
				return `${name.replace("workflow.", "")}${about === undefined ? "" : ` ${about}`}${again}`;
			});
	}

	get ids(): string[] {
		return this.heard.map(({ id }) => id);
	}

	/** Resolves once it has been told of so many, or of one with this name, in real time. */
	async until(wanted: number | string): Promise<void> {
		const holds = () =>
			typeof wanted === "number"
				? this.heard.length >= wanted
				: this.heard.some(({ name }) => name === wanted);
		for (const startedAt = Date.now(); !holds(); ) {
			if (Date.now() - startedAt > PATIENCE_MS) {
				throw new Error(`waited for ${wanted}, but heard ${JSON.stringify(this.lines)}`);
			}
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
	}
}

/** Real milliseconds. */
const PATIENCE_MS = 5_000;

/** What the status answer says of an instance's receivers. */
export async function deliveriesOf({ id }: TestInstance) {
	const { deliveries } = await describeInstance(runners, id, { include: ["deliveries"] });
	if (deliveries === undefined) throw new Error("it was asked for");
	return deliveries;
}

/** Resolves once nothing is being delivered, and nothing is to be; or once that waits for its time. */
export async function quiet(instance: TestInstance, { orWaiting = false } = {}): Promise<void> {
	for (const startedAt = Date.now(); ; ) {
		const { receivers } = await deliveriesOf(instance).catch((error) => {
			// It may have been forgotten meanwhile.
			if (error.code === "INSTANCE_NOT_FOUND") return { receivers: [] };
			throw error;
		});
		const isQuiet = receivers.every(({ isBehind, error, retryAt }) => {
			const waits = error !== null && retryAt !== null && retryAt > clock.now();
			return !isBehind || (orWaiting && waits);
		});
		if (isQuiet) return;
		if (Date.now() - startedAt > PATIENCE_MS) throw new Error(JSON.stringify(receivers));
		await clock.turn();
	}
}
