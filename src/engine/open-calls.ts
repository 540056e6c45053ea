/**
 * What user code has open in a pass: calls without an answer, attempts in flight, and handlers of
 * failed attempts. When an answer is due is the pass's matter.
 */
import type { Call } from "./call";
import type { RunningAttempt } from "./describe";
import type { Handling } from "./handling";
import type { Journal } from "./journal";
import type { DoStep } from "./step-kinds/do-step";

export class OpenCalls {
	readonly #calls = new Map<string, Call>();
	/** By key, until their outcome is released. */
	readonly #doSteps = new Map<string, DoStep>();
	readonly #inFlight = new Set<DoStep>();
	readonly #handlings = new Set<Handling>();

	/** Whether user code waits for a step: if not, it waits for something that is none. */
	get waitForSteps(): boolean {
		// A step that is handled waits for its handler, which is user code.
		let handlers = 0;
		for (const { hasReturned } of this.#handlings) if (!hasReturned) handlers++;
		return this.#calls.size > handlers;
	}

	/** How many step functions are in flight. */
	get inFlightCount(): number {
		return this.#inFlight.size;
	}

	running(): RunningAttempt[] {
		return Array.from(this.#inFlight, ({ key, within, running }) => ({
			key,
			parent: within?.key ?? null,
			attempt: running?.attempt ?? 0,
			startedAt: running?.startedAt ?? 0,
		}));
	}

	get(key: string): Call | undefined {
		return this.#calls.get(key);
	}

	stepOf(key: string): DoStep | undefined {
		return this.#doSteps.get(key);
	}

	add(call: Call): void {
		this.#calls.set(call.key, call);
	}

	addStep(step: DoStep): void {
		this.#doSteps.set(step.key, step);
	}

	/** The call has its answer. */
	close({ key }: Call): void {
		this.#calls.delete(key);
		this.#doSteps.delete(key);
	}

	attemptStarted(step: DoStep): void {
		this.#inFlight.add(step);
	}

	attemptEnded(step: DoStep): void {
		this.#inFlight.delete(step);
	}

	/** Aborts the signals of all attempts. */
	abort(reason: Error): void {
		for (const step of this.#inFlight) step.abort(reason);
	}

	handlingBegan(handling: Handling): void {
		this.#handlings.add(handling);
	}

	/** Its calls get no answer any more, nor do those of handlings inside it. */
	endHandling(handling: Handling): void {
		handling.end();
		for (const each of this.#handlings) if (each.isOver) this.#handlings.delete(each);
		const reason = new Error(`the handler of step "${handling.key}" has ended`);
		for (const call of this.#calls.values()) {
			if (!call.within?.isOver) continue;
			const step = this.#doSteps.get(call.key);
			this.close(call);
			if (step === undefined) continue;
			this.#inFlight.delete(step);
			step.cancel(reason);
		}
	}

	/** Ends handlings whose step an operator has ended. */
	endDecided(journal: Journal): void {
		for (const handling of this.#handlings) {
			const { status, attempts } = journal.get(handling.key) ?? {};
			if (status !== "handling" || attempts !== handling.attempt) this.endHandling(handling);
		}
	}
}
