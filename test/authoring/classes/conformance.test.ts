/** The class style's adapter to the conformance suite: a class whose `run()` follows the flow. */
import { BaseWorkflow, type Step } from "../../../src/library";
import { conformance } from "../conformance";
import type { Flow, Part, Workflow } from "../conformance/style";

conformance({ name: "classes", write: classOf });

function classOf({ type, flow, declares }: Workflow) {
	const { version, retries, stepTimeout, timeout, events, payload, onNonDeterminism } = declares;
	return class extends BaseWorkflow {
		static type = type;
		static version = version;
		static defaults = { retries, timeout: stepTimeout };
		static timeout = timeout;
		static events = events;
		static payload = payload;
		static onNonDeterminism = onNonDeterminism;

		run(step: Step, input: unknown): Promise<unknown> {
			return follow(step, flow, input);
		}
	};
}

async function follow(step: Step, flow: Flow, input: unknown): Promise<unknown> {
	let value = input;
	for (const part of flow) value = await take(step, part, value as never);
	return value;
}

async function take(step: Step, part: Part, value: never): Promise<unknown> {
	switch (part.kind) {
		case "step":
			return step.do(part.name, (context) => part.work(value, context), part.options);
		case "sleep":
			await step.sleep(part.name, part.duration);
			return value;
		case "sleep until":
			await step.sleepUntil(part.name, part.moment);
			return value;
		case "wait":
			return step.waitForEvent(part.name, { event: part.event, timeout: part.timeout });
		case "between":
			return part.code(value);
		case "all":
			return Promise.all(part.branches.map((branch) => follow(step, branch, value)));
		case "any":
			return Promise.any(part.branches.map((branch) => follow(step, branch, value)));
		case "race":
			return Promise.race(part.branches.map((branch) => follow(step, branch, value)));
		case "choose":
			return follow(step, part.test(value) ? part.yes : part.no, value);
		case "repeat": {
			let given: unknown = value;
			do given = await follow(step, part.body, given);
			while (part.again(given as never));
			return given;
		}
		case "attempt":
			try {
				return await follow(step, part.body, value);
			} catch (error) {
				if (part.recover === undefined) throw error;
				return await follow(step, part.recover, error);
			} finally {
				if (part.cleanup !== undefined) await follow(step, part.cleanup, value);
			}
	}
}
