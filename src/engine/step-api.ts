/** The `step` of user code: checks what it is given and asks the pass. Journals nothing itself. */
import { type AttributeChanges, parseAttributeChanges } from "../model/attributes";
import { durationMs } from "../model/duration";
import { ValidationError } from "../model/errors";
import { parseEventName, parseStepName } from "../model/ids";
import { encodeMetadataChanges, type MetadataChanges } from "../model/metadata";
import { requireKnown } from "../model/options";
import { retryPolicy } from "../model/retry";
import type { StepView } from "../model/rpc";
import { stepViews } from "./describe";
import type { Pass } from "./pass";
import type {
	HandledStepOptions,
	Program,
	Step,
	StepFunction,
	StepOptions,
	StyleStep,
	WaitOptions,
} from "./program";
import type { DoSettings } from "./step-kinds/do-step";

export class StepApi implements StyleStep {
	readonly #pass: Pass;
	readonly #program: Program;

	constructor(pass: Pass, program: Program) {
		this.#pass = pass;
		this.#program = program;
	}

	do<T>(
		name: string,
		first: StepFunction<T> | StepOptions,
		second?: StepFunction<T> | StepOptions,
	): Promise<T> {
		return refusing(() => {
			parseStepName(name);
			const [fn, options] = typeof first === "function" ? [first, second] : [second, first];
			return this.#pass.do(name, this.#doSettings(name, fn, options)) as Promise<T>;
		});
	}

	doHandled<T>(
		name: string,
		fn: StepFunction<T>,
		{ onFailure, breaker, ...options }: HandledStepOptions,
	): Promise<T> {
		return refusing(() => {
			parseStepName(name);
			const settings = this.#doSettings(name, fn, options);
			return this.#pass.do(name, { ...settings, onFailure, breaker }) as Promise<T>;
		});
	}

	sleep(name: string, duration: Parameters<Step["sleep"]>[1]): Promise<void> {
		return refusing(() => {
			parseStepName(name);
			const lengthMs = durationMs(duration, `duration of sleep "${name}"`);
			const { clock } = this.#pass.ports;
			return this.#pass.sleep(name, () => clock.now() + lengthMs) as Promise<void>;
		});
	}

	sleepUntil(name: string, moment: Date | number): Promise<void> {
		return refusing(() => {
			parseStepName(name);
			const wakeAt = moment instanceof Date ? moment.getTime() : moment;
			// 8.64e15 ms is as far as a Date reaches (ECMA-262, 21.4.1.1).
			if (typeof wakeAt !== "number" || !(Math.abs(wakeAt) <= 8.64e15)) {
				throw new ValidationError(
					`step.sleepUntil("${name}") expects a valid Date or a number of ms since 1970; received ${String(moment)}.`,
					{ path: name },
				);
			}
			return this.#pass.sleep(name, () => Math.ceil(wakeAt)) as Promise<void>;
		});
	}

	waitForEvent<T>(name: string, options: WaitOptions & { event?: string } = {}): Promise<T> {
		return refusing(() => {
			parseStepName(name);
			requireKnown(options, ["event", "timeout"], `step.waitForEvent("${name}")`);
			const event = parseEventName(options.event ?? name);
			const { timeout } = options;
			const timeoutMs =
				timeout === undefined ? null : durationMs(timeout, `timeout of wait "${name}"`);
			return this.#pass.waitForEvent(name, { event, timeoutMs }) as Promise<T>;
		});
	}

	setAttributes(given: AttributeChanges): Promise<void> {
		return refusing(() => {
			const changes = parseAttributeChanges(given);
			return this.#pass.set("setAttributes", { kind: "set_attributes", changes }) as Promise<void>;
		});
	}

	setMetadata(given: MetadataChanges): Promise<void> {
		return refusing(() => {
			const changes = encodeMetadataChanges(given);
			return this.#pass.set("setMetadata", { kind: "set_metadata", changes }) as Promise<void>;
		});
	}

	views(): StepView[] {
		const { journal } = this.#pass;
		const { graph } = this.#program;
		return stepViews(journal.rows, this.#pass.running(), { hasEnded: false, graph });
	}

	#doSettings(name: string, fn: unknown, options: unknown): DoSettings {
		requireFunction(name, fn);
		const { retry, stepTimeoutMs: timeoutMs } = this.#program;
		if (options === undefined) {
			return { fn, retry, timeoutMs, onFailure: undefined, breaker: undefined };
		}
		requireKnown(options, ["retries", "timeout"], `step.do("${name}")`);
		const { retries, timeout } = options as StepOptions;
		return {
			fn,
			onFailure: undefined,
			breaker: undefined,
			retry: retries === undefined ? retry : retryPolicy(retries, retry),
			timeoutMs:
				timeout === undefined ? timeoutMs : durationMs(timeout, `timeout of step "${name}"`),
		};
	}
}

function requireFunction(name: string, fn: unknown): asserts fn is StepFunction<unknown> {
	if (typeof fn === "function") return;
	throw new ValidationError(
		`step.do("${name}") expects a function, as in step.do(name, fn, options?) or step.do(name, options, fn); received ${typeof fn}.`,
		{ path: name },
	);
}

/** A refused call rejects: it fails in the program, like the step's own failure would. */
function refusing<T>(ask: () => Promise<T>): Promise<T> {
	try {
		return ask();
	} catch (error) {
		return Promise.reject(error);
	}
}
