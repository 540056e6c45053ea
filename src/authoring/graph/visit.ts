/**
 * A visit of a place: its steps, and what their outcomes do to the state.
 *
 * - V1 An outcome is applied in the microtask in which its step settles, be the thread stopped or not:
 *   so the state follows the order of the journal, which is what a reader of the rows goes by.
 * - V2 A place that fails is a failed row, also where it was not its own step that failed.
 */
import type { StepContext, StepOptions, StyleStep } from "../../engine/program";
import type { WorkflowError } from "../../model/errors";
import type { StepKind } from "../../model/rpc";
import type { BranchEnds, Children, Config, ControlNode, Decision, Flow } from "./control";
import type { Place } from "./definition";
import { completed, failed, type Outcome, rollbackOf, SUFFIX } from "./outcome";
import { runBranches } from "./parallel";
import { executePlace, scopeOf } from "./place-step";
import type { PreparedPlace } from "./prepared";
import { type Run, requireSlow, type Visit } from "./run";
import { LOOP } from "./shape";
import { type Stop, stopped } from "./stop";

const ONCE: StepOptions = { retries: { limit: 1 } };

interface Given {
	readonly place: Place;
	readonly visit: Visit;
	readonly stop: Stop | null;
	/** Of the thread. */
	readonly loops: Map<string, Outcome>;
}

/** An error that the place's own row has. */
class Recorded extends Error {
	constructor(readonly error: unknown) {
		super("recorded");
	}
}

export class PlaceFlow implements Flow {
	readonly place: Place;
	readonly #run: Run;
	readonly #given: Given;
	/** The key under which an attempt of it has locked something. */
	#holder: string | null = null;

	constructor(run: Run, given: Given) {
		this.place = given.place;
		this.#run = run;
		this.#given = given;
	}

	get executionId(): string {
		return this.#run.info.id;
	}

	get children(): Children | null {
		return this.#run.code.children;
	}

	get maxIterations(): number {
		return this.#run.code.definition.settings.maxIterations;
	}

	get spent(): WorkflowError | null {
		return this.#given.visit.spent;
	}

	get loop(): Outcome | null {
		return this.#given.loops.get(this.place.address) ?? null;
	}

	/** What the place came to. @throws what it failed with, where it has no route for that. */
	async take(): Promise<Outcome> {
		const { visit } = this.#given;
		try {
			if (visit.fault !== null) return await this.#fail(visit.fault);
			const prepared = this.#run.code.prepared(this.place);
			const node = this.#run.code.nodes.control(this.place.node);
			return await (node === null ? this.#execute(prepared) : this.#control(node));
		} catch (error) {
			if (error instanceof Recorded) throw error.error;
			return await this.fail(error);
		}
	}

	/** The place has failed, though no step of its own has: V2. */
	async fail(error: unknown): Promise<Outcome> {
		try {
			return await this.#fail(error);
		} catch (thrown) {
			throw thrown instanceof Recorded ? thrown.error : thrown;
		}
	}

	config(): Promise<Config> {
		const prepared = this.#run.code.prepared(this.place);
		const scope = () => scopeOf(this.#run.state, this.#run.input);
		if (prepared.fixed !== null) return Promise.resolve(prepared.fixed);
		const name = `${this.place.address}${SUFFIX.parameters}`;
		return this.#asked((step) => step.do(name, () => prepared.config(scope), prepared.options));
	}

	record(
		decide: (decision: Decision) => Promise<Outcome> | Outcome,
		suffix = "",
	): Promise<Outcome> {
		const prepared = this.#run.code.prepared(this.place);
		const scope = () => scopeOf(this.#run.state, this.#run.input);
		const work = ({ idempotencyKey }: StepContext) =>
			decide({ idempotencyKey, config: (names) => prepared.config(scope, names) });
		return this.#settled("do", this.#do(work, { suffix, prepared }), suffix);
	}

	sleep(lengthMs: number): Promise<Outcome> {
		const { address } = this.place;
		return this.#settled(
			"sleep",
			this.#asked((step) => step.sleep(address, lengthMs)),
		);
	}

	sleepUntil(moment: Date | number): Promise<Outcome> {
		const { address } = this.place;
		return this.#settled(
			"sleep",
			this.#asked((step) => step.sleepUntil(address, moment)),
		);
	}

	waitForEvent(event: string, timeoutMs: number | null): Promise<Outcome> {
		const { address } = this.place;
		const options = timeoutMs === null ? { event } : { event, timeout: timeoutMs };
		const wait = this.#asked((step) => step.waitForEvent(address, options));
		return this.#settled("wait_for_event", wait);
	}

	branches(edges: readonly string[], onError: "fail-fast" | "wait-all"): Promise<BranchEnds> {
		const { place } = this;
		return runBranches(this.#run, { place, edges, onError, around: this.#given.stop });
	}

	#execute(prepared: PreparedPlace): Promise<Outcome> {
		const { arrivals } = this.#given.visit;
		const { code, state, info, input } = this.#run;
		const around = { state, nodes: code.nodes, info, input, stop: this.#given.stop };
		const work = async (attempt: StepContext): Promise<Outcome> => {
			const { startedAt: at } = attempt;
			if (arrivals !== null) requireSlow(this.place, arrivals, at);
			const outcome = await executePlace(prepared, attempt, around);
			return arrivals === null ? outcome : { ...outcome, at };
		};
		return this.#settled("do", this.#do(work, { prepared }));
	}

	async #control(node: ControlNode): Promise<Outcome> {
		const { place } = this;
		const isFirst = this.loop === null;
		const snapshot = rollbackOf(place);
		if (place.options.rollback === true && snapshot !== undefined && isFirst) {
			// What it goes back to, when it fails, is what there is now.
			await this.record(() => ({ edge: null, snapshot }), SUFFIX.snapshot);
		}
		const outcome = await node.run(this);
		if (outcome.edge === LOOP) this.#given.loops.set(place.address, turnOf(this.loop, outcome));
		else if (!isFirst) this.#run.uncount(place);
		return outcome;
	}

	#fail(error: unknown): Promise<Outcome> {
		const thrower = () => {
			throw error;
		};
		return this.#settled(
			"do",
			this.#asked((step) => step.do(this.place.address, thrower, ONCE)),
		);
	}

	/** Each step is asked for here: a thread that is stopped asks for none. */
	#asked<T>(ask: (step: StyleStep) => Promise<T>): Promise<T> {
		return this.#given.stop?.isStopped ? never() : ask(this.#run.step);
	}

	#do(
		work: (attempt: StepContext) => Promise<Outcome> | Outcome,
		{ prepared, suffix = "" }: { prepared: PreparedPlace; suffix?: string },
	): Promise<Outcome> {
		const { stop } = this.#given;
		const { address } = this.place;
		const guarded = async (attempt: StepContext): Promise<Outcome> => {
			if (stop?.isStopped) throw stopped(address);
			this.#holder = attempt.key;
			try {
				const outcome = await work(attempt);
				// Late: it is done, and recorded as done, but nothing of it counts any more.
				return stop?.isStopped ? { ...outcome, late: true } : outcome;
			} catch (error) {
				this.#release();
				throw stop?.isStopped ? stopped(address, error) : error;
			}
		};
		const { options, breaker } = prepared;
		const name = `${address}${suffix}`;
		return this.#asked((step) =>
			breaker === undefined
				? step.do(name, guarded, options)
				: step.doHandled(name, guarded, { ...options, breaker }),
		);
	}

	/** Locks are kept until the outcome is the state's. */
	#release(): void {
		if (this.#holder !== null) this.#run.state.release(this.#holder);
		this.#holder = null;
	}

	/** V1. @throws {Recorded} */
	async #settled(kind: StepKind, step: Promise<unknown>, suffix = ""): Promise<Outcome> {
		let result: unknown;
		try {
			result = await step;
		} catch (error) {
			return this.#failed(kind, error, suffix);
		}
		const { place } = this;
		const outcome = completed(place, kind, result);
		if (suffix === "" || suffix === SUFFIX.snapshot) this.#run.state.apply(place, outcome);
		this.#release();
		if (outcome.at !== undefined) this.#run.arrived(place, outcome.at);
		return outcome;
	}

	#failed(kind: StepKind, error: unknown, suffix: string): Outcome | Promise<never> {
		if (isStop(error)) return never();
		if (suffix !== "") throw error;
		const { place } = this;
		const outcome = failed(place, kind, error);
		if (outcome !== null) this.#run.state.apply(place, outcome);
		if (outcome === null || outcome.edge === null) throw new Recorded(error);
		return outcome;
	}
}

/** A turn of a loop, with what its first one recorded. */
function turnOf(before: Outcome | null, { turn, count, list }: Outcome): Outcome {
	const first = count === undefined && list === undefined ? before : { count, list };
	return { edge: LOOP, turn, count: first?.count, list: first?.list };
}

function isStop(error: unknown): boolean {
	return (error as Partial<WorkflowError> | null)?.code === "BRANCH_STOPPED";
}

function never(): Promise<never> {
	return new Promise(() => {});
}
