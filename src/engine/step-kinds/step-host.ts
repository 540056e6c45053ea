/** What a step kind is given by the pass that it runs in. */
import type { Encoded } from "../../model/codec";
import type { Handling } from "../handling";
import type { Journal } from "../journal";
import type { Panic } from "../panics";
import type { Ports } from "../ports";
import type { DoStep } from "./do-step";
import type { Setting } from "./setting-step";

/** How an attempt failed. */
export interface Failure {
	step: string;
	attempt: number;
	error: Encoded;
}

export interface StepHost {
	/** What the idempotency keys of its steps begin with. */
	readonly scope: string;
	/** Of the instance. */
	readonly type: string;
	/** Of the instance, as it is stored now. */
	readonly metadata: Encoded | null;
	readonly journal: Journal;
	readonly ports: Ports;
	/** The pass is over: nothing that comes now is recorded. */
	readonly isOver: boolean;
	/** It is live, and does what no pass before it did. */
	readonly mayBegin: boolean;
	attemptStarted(step: DoStep): void;
	attemptEnded(step: DoStep): void;
	handlingBegan(handling: Handling): void;
	/** What it left open gets no answer; `conclude` is called once new things may be recorded. */
	handlingEnded(handling: Handling, conclude: () => void): void;
	/** Calls `begin` once new things may happen. */
	begin(begin: () => void): void;
	/** Adds to the history, in the stretch that records the attempt's end. */
	attemptFailed(failure: Failure): void;
	isPanic(thrown: unknown): boolean;
	/** The pass is over with this. */
	panicked(panic: Panic): void;
	/** @throws {WorkflowError} for too many, or too large. */
	change(setting: Setting): void;
	/** An outcome was recorded, or a step began to wait. */
	recorded(): void;
	/** A write failed: memory and tables may differ. */
	broken(error: unknown): void;
}
