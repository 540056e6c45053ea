/**
 * What tests in workerd share with the Worker under test, which runs in the same isolate: the
 * registered programs, and a clock that stands still until a test moves it.
 */
import type { Compile } from "../../src/engine/carried-programs";
import { catalogueEntry } from "../../src/engine/catalogue";
import type { Program } from "../../src/engine/program";
import type { Catalogue } from "../../src/model/catalogue";
import { ValidationError } from "../../src/model/errors";
import type { Clock } from "../../src/model/ports";
import { concurrencyPolicy } from "../../src/model/type-policy";
import { programOf } from "./program";

/** Far ahead of real time, so that no alarm fires unless a test fires it. */
export const EPOCH = Date.UTC(2100, 0, 1);

const SETTLING_MS_MAX = 100;

class LabClock implements Clock {
	#now = EPOCH;

	now(): number {
		return this.#now;
	}

	advance(ms: number): void {
		this.#now += ms;
	}

	/**
	 * Polls, because the work must run in the object that asked for it, not in the test. A short
	 * delay is the engine's own settling, no user's time: it passes as it does in earnest.
	 */
	after(delayMs: number, work: () => void): () => void {
		if (delayMs <= SETTLING_MS_MAX) {
			const timer = setTimeout(work, delayMs);
			return () => clearTimeout(timer);
		}
		const dueAt = this.#now + delayMs;
		const timer = setInterval(() => {
			if (this.#now < dueAt) return;
			clearInterval(timer);
			work();
		}, 1);
		return () => clearInterval(timer);
	}

	turn(): Promise<void> {
		return new Promise((resolve) => setTimeout(resolve, 0));
	}
}

export const clock = new LabClock();
export const programs = new Map<string, Program>();

/**
 * Definitions of tests: `{ "type": "t", "steps": ["a", "go?"], "limit": 1 }` does the step `a`, waits
 * for the event `go`, and gives what each gave. `limit`: of instances at work.
 */
export const compile: Compile = (definition) => {
	const { text } = definition;
	if (broken.has(text)) throw new ValidationError("The node of this definition is gone.");
	const { type, steps, limit = null } = JSON.parse(text) as ToyDefinition;
	if (type === undefined && compiler !== undefined) return compiler(definition);
	const concurrency = limit === null ? null : concurrencyPolicy({ limit });
	const run: Program["run"] = async (step) => {
		const given: unknown[] = [];
		for (const name of steps) {
			const event = name.endsWith("?") ? name.slice(0, -1) : null;
			given.push(await (event === null ? step.do(name, () => name) : step.waitForEvent(event)));
		}
		return given;
	};
	return programOf(run, { type, concurrency, version: "1.0.0" });
};

export interface ToyDefinition {
	type: string;
	steps: string[];
	limit?: number;
}

let compiler: Compile | undefined;

/** What makes programs of the definitions that are no toys. */
export function compileWith(compile: Compile): void {
	compiler = compile;
}

/** Texts that nothing can be made of any more. */
export const broken = new Set<string>();

let types = 0;

/** Registers a program under a new type; returns the type. */
export function define(run: Program["run"], overrides: Partial<Program> = {}): string {
	const type = overrides.type ?? `type-${++types}`;
	programs.set(type, programOf(run, { ...overrides, type }));
	return type;
}

/** The catalogue of these types, be they defined or not. */
export function catalogueOf(types: readonly string[]): Catalogue {
	const programFor = (type: string) => programs.get(type) ?? programOf(async () => null, { type });
	return new Map(types.map((type) => [type, catalogueEntry(programFor(type))]));
}
