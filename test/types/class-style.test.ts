/** What the compiler accepts of the class style, and what it refuses. Checked by `tsc`. */
import { describe, expectTypeOf, it } from "vitest";
import * as z from "zod";
import {
	BaseWorkflow,
	type ListedInstance,
	type RunInfo,
	type Step,
	type WorkflowEnv,
	type WorkflowStatus,
} from "../../src/library";

declare const env: WorkflowEnv;

interface Payload {
	name: string;
}
interface Events {
	approval: { approved: boolean };
	note: string;
}

class Typed extends BaseWorkflow<Payload, { ok: boolean }, Events> {
	static type = "typed" as const;
	async run(step: Step<Events>, payload: Payload, run: RunInfo) {
		expectTypeOf(run.restartAttempt).toBeNumber();
		run.log("info", "typed", { payload });
		// @ts-expect-error: no such level
		run.log("loud", "typed");
		await step.setMetadata({ done: 1, since: new Date() });
		expectTypeOf(payload.name).toBeString();
		expectTypeOf(await step.waitForEvent("approval")).toEqualTypeOf<{ approved: boolean }>();
		expectTypeOf(await step.waitForEvent("second", { event: "note" })).toBeString();
		expectTypeOf(await step.do("n", () => 1)).toBeNumber();
		expectTypeOf(await step.do("s", { timeout: "1m" }, async () => "s")).toBeString();
		// @ts-expect-error: no such event
		await step.waitForEvent("approved");
		// @ts-expect-error: no duration
		await step.sleep("nap", "5 parsecs");
		return { ok: true };
	}
}

class WithSchema extends BaseWorkflow<{ n: number }, void> {
	static type = "with-schema" as const;
	static payload = z.object({ n: z.number().default(1) });
	async run() {}
}

class WithConfig extends BaseWorkflow<undefined, void> {
	static type = "with-config" as const;
	static config = { variables: { regions: ["eu"] }, secrets: { KEY: "env:KEY" } };
	async run() {}
}

class NoPayload extends BaseWorkflow<undefined, void> {
	static type = "no-payload" as const;
	async run() {}
}

describe("the class style's types", () => {
	it("infers the items of createMany and the payload of schedule from the class", () => {
		// Never called: the compiler is what is under test.
		const calls = async () => {
			const [result] = await Typed.createMany(env, [
				{ payload: { name: "World" } },
				{ id: "b", delay: "1h", payload: { name: "World" } },
			]);
			if (result !== undefined && "error" in result) {
				expectTypeOf(result.error.code).toBeString();
			} else {
				expectTypeOf(result?.status).toEqualTypeOf<WorkflowStatus | undefined>();
			}
			// @ts-expect-error: payload of another type
			void Typed.createMany(env, [{ payload: { name: 1 } }]);
			// @ts-expect-error: payload is missing in one
			void Typed.createMany(env, [{ payload: { name: "World" } }, { id: "b" }]);
			// @ts-expect-error: no such event
			void Typed.createMany(env, [{ payload: { name: "" }, event: { name: "no", payload: 1 } }]);
			void NoPayload.createMany(env, [{}, { id: "b" }]);

			const cron = "30 2 * * *";
			void Typed.schedule(env, { cron, overlap: "queue", payload: { name: "World" } });
			void NoPayload.schedule(env, { cron });
			void WithSchema.schedule(env, { cron, payload: {} });
			// @ts-expect-error: payload is missing
			void Typed.schedule(env, { cron });
			// @ts-expect-error: no such rule for overlaps
			void NoPayload.schedule(env, { cron, overlap: "sometimes" });
			// @ts-expect-error: cron is missing
			void NoPayload.schedule(env, { name: "nightly" });
			const [schedule] = await Typed.schedules(env);
			expectTypeOf(schedule?.nextAt).toEqualTypeOf<number | null | undefined>();
			void Typed.unschedule(env, "typed:nightly");
		};
		expectTypeOf(calls).returns.resolves.toBeVoid();
	});

	it("infers create, sendEvent and status from the class", () => {
		// Never called: the compiler is what is under test.
		const calls = () => {
			void Typed.create(env, { id: "a", payload: { name: "World" } });
			void Typed.create(env, { payload: { name: "World" } });
			// @ts-expect-error: payload of another type
			void Typed.create(env, { payload: { name: 1 } });
			// @ts-expect-error: payload is missing
			void Typed.create(env, { id: "a" });
			void WithSchema.create(env, { payload: {} });
			// @ts-expect-error: not what the schema takes
			void WithSchema.create(env, { payload: { n: "1" } });
			void NoPayload.create(env, {});

			void Typed.sendEvent(env, { id: "a", event: "approval", payload: { approved: true } });
			// @ts-expect-error: no such event
			void Typed.sendEvent(env, { id: "a", event: "approve", payload: { approved: true } });
			// @ts-expect-error: payload of another event
			void Typed.sendEvent(env, { id: "a", event: "approval", payload: "yes" });

			void Typed.list(env, { status: ["errored", "paused"], createdAfter: new Date(), limit: 9 });
			void Typed.list(env, { attributes: { customer: "c-17", tier: 3, vip: null } });
			// @ts-expect-error: no such status
			void Typed.list(env, { status: "done" });
			// @ts-expect-error: no such order
			void Typed.list(env, { order: "newest" });
			// @ts-expect-error: an attribute is no object
			void Typed.list(env, { attributes: { customer: {} } });
			expectTypeOf(Typed.list(env)).resolves.toEqualTypeOf<{
				instances: ListedInstance[];
				nextCursor: string | null;
			}>();

			return Typed.status(env, "a");
		};
		type Status = Awaited<ReturnType<typeof calls>>;
		expectTypeOf<Status["payload"]>().toEqualTypeOf<Payload>();
		expectTypeOf<Status["result"]>().toEqualTypeOf<{ ok: boolean } | null>();
	});

	it("infers variables and secrets from the class's config", () => {
		// Never called: the compiler is what is under test.
		const calls = () => {
			const { variables, secrets, environment } = WithConfig.configured();
			expectTypeOf(variables.regions).toEqualTypeOf<string[]>();
			expectTypeOf(secrets.KEY).toEqualTypeOf<string>();
			expectTypeOf(environment).toEqualTypeOf<string | null>();
			// @ts-expect-error: no such secret
			void secrets.TOKEN;
			// @ts-expect-error: no such variable
			void variables.region;
			// @ts-expect-error: nothing is configured
			void NoPayload.configured();
		};
		expectTypeOf(calls).returns.toBeVoid();
	});
});
