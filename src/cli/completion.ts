/** Completion in shells: commands, options and their words, and the names that the service has. */
import tab from "@bomb.sh/tab/commander";
import type { Command } from "@commander-js/extra-typings";
import { ServiceClient } from "../service-client/service-client";
import { example } from "./session";
import { connectionOf } from "./settings";

/** The shells' scripts call `workflow complete -- <words>`. */
export const COMPLETE = "complete";

/** What can be completed that no command line knows. */
export interface Names {
	workflows: readonly string[];
	executions: readonly string[];
}

export const NO_NAMES: Names = { workflows: [], executions: [] };

/** Arguments and options, by what they are names of. */
const WORKFLOWS = ["workflow"];
const EXECUTIONS = ["execution-id"];

/** A shell waits for it: a service that does not answer at once has no names. */
const PATIENCE_MS = 1_000;
const EXECUTIONS_MOST = 50;

/** Adds `completion <shell>`, and what its scripts ask. */
export function addCompletion(program: Command, { workflows, executions }: Names): void {
	// The same class at run time: only the types differ.
	const root = tab(program as unknown as Parameters<typeof tab>[0], {
		completionCommandName: "completion",
	});
	program.commands
		.find((command) => command.name() === "completion")
		?.addHelpText("after", example("source <(workflow completion bash)"));
	const offer =
		(names: readonly string[]) => (complete: (value: string, about: string) => void) => {
			for (const name of names) complete(name, "");
		};
	for (const command of root.commands.values()) {
		for (const each of [...command.arguments.values(), ...command.options.values()]) {
			const name = "name" in each ? each.name : each.value;
			if (WORKFLOWS.includes(name)) each.handler = offer(workflows);
			if (EXECUTIONS.includes(name)) each.handler = offer(executions);
		}
	}
}

/** What the service has that the environment and the configuration name. */
export async function knownNames(): Promise<Names> {
	const late = new Promise<Names>((resolve) => {
		setTimeout(resolve, PATIENCE_MS, NO_NAMES).unref();
	});
	return Promise.race([late, askNames().catch(() => NO_NAMES)]);
}

async function askNames(): Promise<Names> {
	const service = new ServiceClient(connectionOf({}));
	const [types, listing] = await Promise.all([
		service.types(),
		service.list({ limit: EXECUTIONS_MOST }),
	]);
	const groups = "workflows" in listing ? listing.workflows : [listing];
	return {
		workflows: types.map(({ name }) => name),
		executions: groups.flatMap(({ instances }) => instances.map(({ id }) => id)),
	};
}
