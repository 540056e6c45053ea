/** The Worker of the tests that kill: the real class and API, with types whose steps call a witness. */
import { env } from "cloudflare:workers";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { graphs } from "../../../src/authoring/graph/graphs";
import { catalogueOf } from "../../../src/engine/catalogue";
import { createApp } from "../../../src/http/app";
import {
	BaseWorkflow,
	NodeRegistry,
	type RunInfo,
	type Step,
	type StepContext,
	Workflow,
	type WorkflowContext,
	type WorkflowEvent,
} from "../../../src/library";
import { workflowRunner } from "../../../src/workflow-runner";

interface Witnessed {
	/** Base URL of the witness. */
	witness: string;
}

export interface ErrandPayload extends Witnessed {
	/** What it does between its first and its last step. */
	between: "nothing" | "work" | "sleep" | "timeout" | "event";
}

/** `before`, something that takes time, `after`. */
class Errand extends BaseWorkflow<ErrandPayload, string, { go: unknown }> {
	static override type = "errand" as const;

	async run(step: Step<{ go: unknown }>, { witness, between }: ErrandPayload): Promise<string> {
		const call = async (context: StepContext) => {
			const response = await callWitness(witness, context);
			await response.text();
			if (!response.ok) throw new Error("the witness refuses");
		};
		await step.do("before", call);
		if (between === "work") {
			const retries = { limit: 5, delay: "500ms", backoff: "exponential", factor: 6 } as const;
			await step.do("work", call, { retries });
		} else if (between === "sleep") {
			await step.sleep("nap", "3s");
		} else if (between === "timeout") {
			await step.waitForEvent("go", { timeout: "3s" }).catch((error) => {
				if (error.code !== "EVENT_TIMEOUT") throw error;
			});
		} else if (between === "event") {
			await step.waitForEvent("go");
		}
		await step.do("after", call);
		return between;
	}
}

/** One step, which allocates until workerd dies of it. */
class Hog extends BaseWorkflow<Witnessed, never> {
	static override type = "hog" as const;

	async run(step: Step, { witness }: Witnessed): Promise<never> {
		return step.do("hog", async (context) => {
			await callWitness(witness, context);
			const held: number[][] = [];
			for (;;) held.push(new Array<number>(1 << 20).fill(0.5));
		});
	}
}

/** Ticks until the witness accepts. */
class Ticker extends BaseWorkflow<Witnessed, string> {
	static override type = "ticker" as const;

	async run(step: Step, { witness }: Witnessed): Promise<string> {
		const tick = async (context: StepContext) => (await callWitness(witness, context)).ok;
		while (!(await step.do("tick", tick))) await step.sleep("pause", "500ms");
		return "accepted";
	}
}

interface Greeting extends Witnessed {
	n: number;
}

/** Waits for an event that is taken once the witness agrees. */
class Careful extends BaseWorkflow<undefined, number, { go: Greeting }> {
	static override type = "careful" as const;
	static override events = {
		go: {
			"~standard": {
				version: 1,
				vendor: "e2e",
				async validate(value: unknown) {
					const { witness } = value as Greeting; // The test's own.
					await fetch(`${witness}/?key=check&attempt=1`, { method: "POST" });
					return { value };
				},
			},
		} satisfies StandardSchemaV1,
	};

	async run(step: Step<{ go: Greeting }>): Promise<number> {
		return (await step.waitForEvent("go")).n;
	}
}

/** Two steps; two instances are at work at once. */
class Courier extends BaseWorkflow<Witnessed, string> {
	static override type = "courier" as const;
	static override concurrency = { limit: 2 };

	async run(step: Step, { witness }: Witnessed): Promise<string> {
		const call = async (context: StepContext) => (await callWitness(witness, context)).ok;
		await step.do("fetch", call);
		await step.do("deliver", call);
		return "delivered";
	}
}

/** So many steps, one after the other, each of some ms, and a line of the log after every tenth. */
class Walker extends BaseWorkflow<{ steps: number; ms: number }, number> {
	static override type: string = "walker";

	async run(
		step: Step,
		{ steps, ms }: { steps: number; ms: number },
		run: RunInfo,
	): Promise<number> {
		for (let n = 1; n <= steps; n++) {
			await step.do(`step-${n}`, () => scheduler.wait(ms));
			if (n % 10 === 0) run.log("info", `walked ${n}`);
		}
		return steps;
	}
}

/** Walks, rests and walks again, and waits for a word before it begins and before its last step. */
class Rambler extends BaseWorkflow<{ steps: number; ms: number }, number> {
	static override type = "rambler";

	async run(step: Step, { steps, ms }: { steps: number; ms: number }): Promise<number> {
		await step.waitForEvent("go");
		for (let n = 1; n <= steps; n++) {
			await step.do(`step-${n}`, () => scheduler.wait(ms));
			if (n === steps / 2) await step.sleep("rest", "500ms");
		}
		await step.waitForEvent("on");
		return step.do("last", () => steps);
	}
}

/** Where a test listens; undefined: it does not. */
const { HOOK_URL } = env as { HOOK_URL?: string };

const HOOK_RETRIES = { limit: 30, delay: "200ms", backoff: "fixed" } as const;

/** A walker whose events are posted. */
class Herald extends Walker {
	static override type = "herald";
	static override webhooks =
		HOOK_URL === undefined
			? []
			: [{ url: `${HOOK_URL}/hook?token=1`, secret: "env:HOOK_SECRET", retries: HOOK_RETRIES }];
}
/** One step with a circuit breaker, which stays open for longer than any test. */
const careless = Workflow.define("careless", (ctx: WorkflowContext<{ isDown: boolean }>) =>
	ctx
		.step("call", async () => {
			if (ctx.input.isDown) throw new Error("down");
			return "called";
		})
		.withRetry({ maxAttempts: 1 })
		.withCircuitBreaker({
			failureThreshold: 3,
			resetTimeout: 3_600_000,
			onOpen: () => "not called",
		})
		.catch(() => "failed")
		.execute(),
);

function callWitness(
	witness: string,
	{ idempotencyKey, attempt, signal }: StepContext,
): Promise<Response> {
	const query = new URLSearchParams({ key: idempotencyKey, attempt: String(attempt) });
	return fetch(`${witness}/?${query}`, { method: "POST", signal });
}

const registry = {
	careful: Careful,
	careless,
	courier: Courier,
	errand: Errand,
	herald: Herald,
	hog: Hog,
	rambler: Rambler,
	ticker: Ticker,
	walker: Walker,
};

/** Told of the ends of all instances, where somebody listens. */
const on =
	HOOK_URL === undefined
		? {}
		: {
				"workflow.completed": async (event: WorkflowEvent) => {
					const body = JSON.stringify(event);
					const response = await fetch(`${HOOK_URL}/on`, { method: "POST", body });
					if (!response.ok) throw new Error(`the listener says ${response.status}`);
				},
			};

/** The witness listens on this machine. */
const definitions = graphs({ nodes: new NodeRegistry({ http: { allowPrivate: true } }) });

export class WorkflowRunner extends workflowRunner(registry, {
	on,
	delivery: { retries: HOOK_RETRIES },
	definitions,
}) {}

const app = createApp({ types: catalogueOf(registry), definitions });

export default {
	fetch(request: Request, env: never, ctx: ExecutionContext): Response | Promise<Response> {
		// Nothing but a stream that waits: what every stream takes.
		if (new URL(request.url).pathname === "/bare-stream") return new Response(bareStream());
		return app.fetch(request, env, ctx);
	},
};

function bareStream(): ReadableStream<Uint8Array> {
	const line = new TextEncoder().encode("\n");
	return new ReadableStream({
		type: "bytes",
		start: (controller) => controller.enqueue(line),
		async pull(controller) {
			await scheduler.wait(60_000);
			controller.enqueue(line);
		},
	});
}
