/**
 * The one Durable Object class, in its roles (`roles.ts`). Thin: it gives them the platform's
 * clock, alarm and storage, and forwards RPC and alarms.
 */
import { DurableObject } from "cloudflare:workers";
import { DefinitionTexts } from "./client/definitions";
import type { RunnerNamespace } from "./client/runner-client";
import { TypeStates } from "./client/type-states";
import { postEvent } from "./client/webhooks";
import type { Compile } from "./engine/carried-programs";
import {
	type DefinitionSupport,
	defaultsOf,
	type Program,
	programsOf,
	type Registry,
	type ServiceDefaults,
} from "./engine/program";
import { ValidationError } from "./model/errors";
import type { Clock } from "./model/ports";
import { handle, type Role, RPC_METHODS, type RunnerRpc, roleIn } from "./roles";

/** The bindings that the class needs. */
export interface RunnerEnv {
	WORKFLOW_RUNNER: RunnerNamespace;
}

/** 2^31 - 1: the longest delay of a timer (HTML, 8.6). */
const TIMER_MS_MAX = 2_147_483_647;

const systemClock: Clock = {
	now: () => Date.now(),
	after(delayMs, work) {
		// setTimeout takes a longer delay for none at all; no isolate lives that long anyway.
		if (delayMs > TIMER_MS_MAX) return () => {};
		const timer = setTimeout(work, delayMs);
		return () => clearTimeout(timer);
	},
	turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

/**
 * The Durable Object class for a registry. Export it as `WorkflowRunner`, the name in
 * `wrangler.jsonc`.
 *
 * @example
 * export class WorkflowRunner extends workflowRunner({ order: OrderWorkflow }, {
 *   concurrency: { limit: 100 }, retention: "7d",
 * }) {}
 */
export function workflowRunner(registry: Registry, defaults: ServiceDefaults = {}) {
	// Once per isolate: a faulty registry stops the deploy, not an instance.
	const withDefaults = defaultsOf(defaults);
	const { definitions = NO_DEFINITIONS } = defaults;
	const compile: Compile = (definition) => withDefaults(definitions.compile(definition));
	return runnerClass(programsOf(registry, defaults), systemClock, compile);
}

/** Of a service that stores none. */
const NO_DEFINITIONS: DefinitionSupport = {
	compile() {
		throw new ValidationError(
			"This service runs no stored definitions. Give workflowRunner the option `definitions: graphs()`.",
		);
	},
};

/** The class itself: tests give it programs that come and go, and a clock that they move. */
export function runnerClass(
	programs: ReadonlyMap<string, Program>,
	clock: Clock,
	compile: Compile = NO_DEFINITIONS.compile,
) {
	const types = new TypeStates();
	const definitions = new DefinitionTexts();
	class Runner extends DurableObject<RunnerEnv> {
		readonly role: Role;

		constructor(ctx: DurableObjectState, env: RunnerEnv) {
			super(ctx, env);
			const { storage } = ctx;
			const name = ctx.id.name ?? "";
			this.role = roleIn({
				name,
				storage,
				runners: env.WORKFLOW_RUNNER,
				programs,
				compile,
				types,
				definitions,
				clock,
				alarm: {
					set: (atMs) => void storage.setAlarm(atMs),
					clear: () => void storage.deleteAlarm(),
				},
				synced: () => storage.sync(),
				empty: async () => {
					await storage.deleteAll();
					// Whether deleteAll takes the alarm along depends on the compatibility date.
					await storage.deleteAlarm();
				},
				post: (webhook, event, signal) => postEvent(webhook, event, { nowMs: clock.now(), signal }),
				random: Math.random,
				report: (message, error) => console.error(`${name}: ${message}`, error),
			});
		}

		override alarm(): Promise<void> {
			return this.role.wake();
		}
	}
	for (const method of RPC_METHODS) {
		// On the prototype, where a caller over RPC finds methods and nothing else.
		Object.defineProperty(Runner.prototype, method, {
			value(this: Runner, request: unknown) {
				return handle(this.role, method, request);
			},
		});
	}
	// The methods were added where the compiler does not see it.
	return Runner as unknown as new (
		ctx: DurableObjectState,
		env: RunnerEnv,
	) => Runner & RunnerRpc;
}
