/** Workflows of the fluent style under test: put into the registry, and driven through their waits. */
import { type ProgramSource, programsOf } from "../../../src/engine/program";
import type { WorkflowStatusResponse } from "../../../src/model/http";
import { isTerminal } from "../../../src/model/status";
import { TestInstance } from "../../support/instance";
import { clock, programs } from "../../support/lab";

/** Registers a workflow; returns it. */
export function deploy<Definition extends ProgramSource & { name: string }>(
	definition: Definition,
): Definition {
	for (const [type, program] of programsOf({ [definition.name]: definition })) {
		programs.set(type, program);
	}
	return definition;
}

let names = 0;

/** A name that no other workflow has. */
export function newName(): string {
	return `fluent-${++names}`;
}

/** What may come between two waits of an instance: each is to change nothing. */
export const UPSETS: Readonly<Record<string, (instance: TestInstance) => Promise<void>>> = {
	"in one piece": async () => {},
	"evicted at each wait": (instance) => instance.evict(),
	"crashed at each wait": (instance) => instance.crash(),
};

/** The status once the instance has ended, however often it sleeps before. */
export async function ended(
	id: string,
	upset: (instance: TestInstance) => Promise<void> = async () => {},
): Promise<WorkflowStatusResponse> {
	const instance = new TestInstance(id);
	for (;;) {
		const status = await instance.until(({ status }) => status !== "running");
		if (isTerminal(status.status)) return status;
		await upset(instance);
		// To where it wakes; or as far as the lease of a pass that was lost.
		await instance.advance(Math.max(0, (status.wakeAt ?? 0) - clock.now()) || 5_000);
	}
}
