import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/program";

const program = createProgram({ version: "1.2.3", folder: "/package/" });

function all(command: CommandUnknownOpts): CommandUnknownOpts[] {
	return [command, ...command.commands.flatMap(all)];
}

/** All that its help prints, what is added behind it too. */
function helpOf(command: CommandUnknownOpts): string {
	let text = "";
	command.configureOutput({ writeOut: (more) => (text += more) });
	command.outputHelp();
	return text;
}

/** Of a library. */
const FOREIGN = ["complete", "help"];
const own = all(program as CommandUnknownOpts).filter((each) => !FOREIGN.includes(each.name()));

describe("the command line", () => {
	it("has the commands of the developer guide", () => {
		const names = program.commands.map((command) => command.name());
		expect(names).toEqual(
			expect.arrayContaining(["list", "create", "start", "status", "cleanup", "logs", "inspect"]),
		);
		expect(program.commands.find((each) => each.name() === "list")?.alias()).toBe("ls");
	});

	it.each(own.map((command) => [command.name(), command] as const))(
		"%s has an example",
		(_, command) => {
			expect(helpOf(command)).toMatch(/Example:\n {2}\$ (?:cat .* \| |source <\()?workflow /);
		},
	);

	const leaves = own.filter((each) => each.commands.length === 0);
	/** They write files, or run until they are ended. */
	const withoutFormat = ["dev", "import", "add", "use", "remove", "completion"];
	it.each(
		leaves
			.filter((each) => !withoutFormat.includes(each.name()))
			.map((each) => [each.name(), each] as const),
	)("%s has --format", (_, command) => {
		expect(command.options.map(({ long }) => long)).toContain("--format");
	});

	it("describes every command and every option", () => {
		for (const command of own) {
			expect(command.description(), command.name()).not.toBe("");
			for (const { flags, description } of command.options) {
				expect(description, `${command.name()} ${flags}`).not.toBe("");
			}
		}
	});
});
