/** Machines under test: put into the registry, created, and driven through their waits. */
import { type ProgramSource, programsOf, type Services } from "../../../src/engine/program";
import type { WorkflowStatusResponse } from "../../../src/model/http";
import { isTerminal } from "../../../src/model/status";
import { TestInstance } from "../../support/instance";
import { clock, programs } from "../../support/lab";

type Source = ProgramSource & { readonly name: string };

/** Registers a machine, also in the place of an earlier one; returns its type. */
export function deploy(machine: Source, services?: Services): string {
	const defaults = services === undefined ? {} : { services };
	for (const [type, program] of programsOf({ [machine.name]: machine }, defaults)) {
		programs.set(type, program);
	}
	return machine.name;
}

export function start(
	machine: Source,
	payload: unknown = null,
	services?: Services,
): Promise<TestInstance> {
	return TestInstance.create(deploy(machine, services), payload);
}

let names = 0;

/** A name that no other machine has. */
export function newName(): string {
	return `machine-${++names}`;
}

/** What may come between two waits of an instance: each is to change nothing. */
export const UPSETS: Readonly<Record<string, (instance: TestInstance) => Promise<void>>> = {
	"in one piece": async () => {},
	"evicted at each wait": (instance) => instance.evict(),
	"crashed at each wait": (instance) => instance.crash(),
};

/** The status once it has ended, however often it sleeps before. */
export async function ended(
	instance: TestInstance,
	upset: (instance: TestInstance) => Promise<void> = async () => {},
): Promise<WorkflowStatusResponse> {
	for (;;) {
		const status = await instance.until(({ status }) => status !== "running");
		if (isTerminal(status.status)) return status;
		await upset(instance);
		await instance.advance((status.wakeAt ?? clock.now()) - clock.now());
	}
}

/** Notes calls by name. */
export function notes() {
	const calls: string[] = [];
	const note =
		<T>(name: string, work: () => T) =>
		(): T => {
			calls.push(name);
			return work();
		};
	return { calls, note };
}
