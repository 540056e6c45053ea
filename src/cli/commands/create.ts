/** `workflow create`: stores a workflow that is data, which can be started at once. */
import { Command } from "@commander-js/extra-typings";
import type { Fault } from "../../service-client/answers";
import { Ended, EXIT, UsageError } from "../exit";
import { example, formatOption, openSession } from "../session";
import type { Terminal } from "../terminal";
import { readText } from "../values";
import { count, jsonText } from "../words";

export const createCommand = () =>
	new Command("create")
		.description("Create a workflow from a JSON definition, or a first one to try")
		.argument("<name>", "its name, the id of the definition")
		.option("-d, --description <text>", "what it is for, where no file says it")
		.option("-f, --file <file>", "the definition: a graph, or a list of steps; - reads stdin")
		.option("--dry-run", "check it, and store nothing")
		.option("--replace", "have it in the place of another one with the same version")
		.addOption(formatOption())
		.addHelpText(
			"after",
			example(
				'workflow create my-workflow --description "My first workflow"',
				"workflow create data-pipeline --file ./data-pipeline.json --dry-run",
			),
		)
		.action(async (name, options, command) => {
			const { description, file, dryRun = false, replace = false } = options;
			const session = openSession(command);
			const { service, terminal, show } = session;
			if (file !== undefined && description !== undefined) {
				throw new UsageError("--description is for a workflow without --file: a file has its own.");
			}
			const text = file === undefined ? firstDefinition(name, description) : await readText(file);
			requireName(name, text, file);
			const { valid, definition, faults } = await service.validateDefinition(text);
			if (!valid || definition === null) throw refuse(session.terminal, file ?? name, faults);
			if (dryRun) {
				show(
					JSON.parse(text),
					() => `The definition is valid; nothing was stored.\n${text.trim()}`,
				);
				return;
			}
			const stored = await service.storeDefinition(text, { replace });
			show(stored, () => `Created ${stored.type}, version ${stored.version}.`);
			terminal.note(`workflow start ${stored.type} starts it.`);
		});

/** Seed 000's example of one step. */
function firstDefinition(name: string, description: string | undefined): string {
	return `${jsonText({
		name,
		description,
		steps: [{ id: "example-step", type: "log", config: { message: "Hello from workflow!" } }],
	})}\n`;
}

/** What a text that cannot be read says of itself, its faults will say. */
function requireName(name: string, text: string, file: string | undefined): void {
	let given: { id?: unknown; name?: unknown };
	try {
		given = JSON.parse(text) ?? {};
	} catch {
		return;
	}
	const found = given.id ?? given.name;
	if (typeof found !== "string" || found === name) return;
	throw new UsageError(
		`${file} defines "${found}", not "${name}". Create it under that name, or change the file.`,
	);
}

/** All faults, as compilers show them, so that editors find the places. */
function refuse({ noteColors, fault }: Terminal, where: string, faults: readonly Fault[]): Ended {
	const file = where === "-" ? "stdin" : where;
	fault(
		`The definition has ${count(faults.length, "fault")}; nothing was stored.`,
		faults.map(({ path, message, line, column }) =>
			noteColors.reset(`${file}:${line}:${column}  ${path || "/"}  ${message}`),
		),
	);
	return new Ended(EXIT.failed);
}
