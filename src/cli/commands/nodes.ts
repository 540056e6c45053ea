/** `workflow nodes`: what definitions are made of. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { UsageError } from "../exit";
import { example, formatOption, openSession } from "../session";
import { table } from "../table";
import { openTerminal } from "../terminal";
import { count } from "../words";

export const nodesCommand = () =>
	new Command("nodes")
		.description("The nodes that definitions may be made of")
		.addHelpText("after", example("workflow nodes list", "workflow nodes import src/nodes"))
		.addCommand(listCommand(), { isDefault: true })
		.addCommand(importCommand());

function listCommand() {
	return new Command("list")
		.alias("ls")
		.description("List the nodes of the service")
		.addOption(formatOption())
		.addHelpText("after", example("workflow nodes list"))
		.action(async (_options, command) => {
			const { service, terminal, show } = openSession(command);
			const nodes = await service.nodes();
			show(nodes, () =>
				table(
					nodes,
					[
						{ head: "Node", cell: ({ id }) => id },
						{ head: "Version", cell: ({ version }) => version },
						{ head: "Edges", cell: ({ edges }) => edges?.join(", ") ?? "any", isFlexible: true },
						{ head: "Description", cell: ({ description }) => description ?? "", isFlexible: true },
					],
					terminal.width,
				),
			);
		});
}

/** What the list is written to, beside the nodes. */
const LIST = "node-modules.ts";

function importCommand() {
	return new Command("import")
		.description(`Write ${LIST}: the modules of a folder, for NodeRegistry.discover`)
		.argument("<folder>", "with a module for each node, or several")
		.option("--check", "write nothing, and fail if the list is not what it should be")
		.addHelpText("after", example("workflow nodes import src/nodes"))
		.action((folder, { check = false }) => {
			const { print } = openTerminal({ color: true });
			const modules = modulesIn(folder);
			const file = join(folder, LIST);
			const text = importList(modules, folder);
			if (!check) {
				writeFileSync(file, text);
				print(`${file} has ${count(modules.length, "module")}: nodes.discover(nodeModules)`);
				return;
			}
			if (readOrEmpty(file) === text) return print(`${file} is as it should be.`);
			throw new UsageError(`${file} is out of date: workflow nodes import ${folder} writes it.`);
		});
}

/** Paths from the folder, without endings, in their order. */
function modulesIn(folder: string): string[] {
	if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
		throw new UsageError(`There is no folder ${folder}.`);
	}
	const found = readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
		.filter(({ name }) => name !== LIST && !/\.(?:test|spec|d)\.[jt]s$/.test(name))
		.map(({ parentPath, name }) => relative(resolve(folder), resolve(parentPath, name)))
		.map((path) => path.replace(/\.[jt]s$/, "").replaceAll("\\", "/"))
		.sort();
	if (found.length > 0) return found;
	throw new UsageError(`There are no modules (.ts or .js) in ${folder}.`);
}

function importList(modules: readonly string[], folder: string): string {
	const names = modules.map((_, index) => `module${index + 1}`);
	const imports = modules.map((path, index) => `import * as ${names[index]} from "./${path}";`);
	return `// Written by \`workflow nodes import ${folder}\`: write it again when a node comes or goes.
${imports.join("\n")}

export const nodeModules = [${names.join(", ")}];
`;
}

function readOrEmpty(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch {
		return "";
	}
}
