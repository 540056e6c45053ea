/** What the driver needs of a contestant. Interface only: each contestant has its own file. */
import type { RunnerNamespace } from "../../src/library";
import type { Floor } from "./floor";
import type { GuardBench } from "./guard";
import type { Result, Work } from "./program";

export interface Env {
	WORKFLOW_RUNNER: RunnerNamespace;
	COUNTED_RUNNER: RunnerNamespace;
	FLOOR: DurableObjectNamespace<Floor>;
	GUARD: DurableObjectNamespace<GuardBench>;
	CLOUDFLARE: Workflow<Work>;
	AUTH: string;
}

export interface Contestant {
	/** Resolves once the instance is accepted. */
	create(env: Env, work: Work): Promise<unknown>;
	/** Resolves once the one event of program `event` is accepted. */
	sendEvent(env: Env, id: string): Promise<unknown>;
	/** The program's result once the instance is completed; undefined while it runs. */
	result(env: Env, id: string): Promise<Result | undefined>;
	/** Puts so many rows into the index of instances. */
	fill?(env: Env, rows: number): Promise<void>;
	/** The newest 50 rows of the index, all of them or those that are asked for. */
	list?(env: Env, of: PageOf): Promise<unknown[]>;
	/** Tells the index of a new instance that has ended. */
	index?(env: Env, id: string): Promise<unknown>;
}

/** Rows of the page that `list` is asked for. */
export const PAGE = 50;

/** Any, those of a status that few have, or those with an attribute of a value that few have. */
export type PageOf = "any" | "rare status" | "attribute";

/** How many rows of an index are `errored`, and how many others are of customer `RARE_CUSTOMER`. */
export const RARE_ROWS = 60;
export const RARE_CUSTOMER = "c-17";

/** Statuses of an instance that has not ended, in the words of all contestants. */
const UNFINISHED = ["created", "queued", "running", "sleeping", "waiting"];

/** The result when `status` is the one that says completed; throws on any other end. */
export function outcome(
	id: string,
	status: string,
	completed: string,
	result: unknown,
): Result | undefined {
	if (status === completed) return Number(result);
	if (UNFINISHED.includes(status)) return undefined;
	throw new Error(`instance "${id}" is "${status}"`);
}
