/** What a pass is given, and what it tells its instance. */
import type { WorkflowRow } from "../db/instance-store";
import type { Encoded } from "../model/codec";
import type { NonDeterminismError } from "../model/errors";
import type { History } from "./history";
import type { Journal } from "./journal";
import type { Panic } from "./panics";
import type { Pass } from "./pass";
import type { Ports } from "./ports";
import type { Program } from "./program";
import type { Setting } from "./step-kinds/setting-step";

/** How `run()` ended. */
export type RunEnd = { ok: true; value: unknown } | { ok: false; thrown: unknown };

/** What a pass tells its instance. */
export interface PassObserver {
	/** Nothing moves by itself any more: time to park, or to look at the timers. */
	passQuiet(pass: Pass): void;
	/** A parked pass asks for a step, by something that is none: it is to be woken. */
	passStirred(pass: Pass): void;
	passEnded(pass: Pass, end: RunEnd): void;
	/** The program asked for something else than the journal records (G7). */
	passDiverged(pass: Pass, error: NonDeterminismError): void;
	/** The last step function in flight of a frozen pass has ended. */
	passDrained(pass: Pass): void;
	passBroken(pass: Pass, error: unknown): void;
	passPanicked(pass: Pass, panic: Panic): void;
	/** As it is stored now. */
	readonly metadata: Encoded | null;
	/** @throws {WorkflowError} for too many, or too large. */
	passSets(pass: Pass, setting: Setting): void;
}

export interface PassSettings {
	/** What the idempotency keys of its steps begin with. */
	scope: string;
	program: Program;
	row: Pick<WorkflowRow, "id" | "type" | "restarts" | "payload" | "createdAt" | "startedAt">;
	journal: Journal;
	history: History;
	ports: Ports;
	observer: PassObserver;
}
