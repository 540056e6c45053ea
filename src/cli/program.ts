/** The command line as a whole: its commands, and the options that all of them have. */
import { Command } from "@commander-js/extra-typings";
import { bulkCommand } from "./commands/bulk";
import { changeCommands } from "./commands/changes";
import { cleanupCommand } from "./commands/cleanup";
import { createCommand } from "./commands/create";
import { devCommand } from "./commands/dev";
import { inspectCommand } from "./commands/inspect";
import { listCommand } from "./commands/list";
import { logsCommand } from "./commands/logs";
import { nodesCommand } from "./commands/nodes";
import { schedulesCommand } from "./commands/schedules";
import { serversCommand } from "./commands/servers";
import { startCommand } from "./commands/start";
import { statusCommand } from "./commands/status";
import { typesCommand } from "./commands/types";
import { addCompletion, type Names, NO_NAMES } from "./completion";
import { example } from "./session";

export interface PackageInfo {
	version: string;
	/** Where the package is. */
	folder: string;
}

export function createProgram({ version, folder }: PackageInfo, names: Names = NO_NAMES): Command {
	const program = new Command("workflow")
		.description("Durable workflows: define, start, follow and repair them")
		.version(version)
		.option("--url <address>", "the service (default: WORKFLOW_URL, or http://localhost:8787)")
		.option("--token <token>", "the token of the service (default: WORKFLOW_TOKEN)")
		.option("--server <name>", "a server of the configuration: workflow servers")
		.option("--no-color", "no colours, as with NO_COLOR")
		.configureHelp({ showGlobalOptions: true })
		.showSuggestionAfterError()
		.addHelpText(
			"after",
			`${example("workflow dev", 'workflow start test --input \'{"name": "World"}\' --wait')}

Exit codes: 0 done, 1 failed or refused, 2 wrong use, 3 the service is not reachable.`,
		);
	const commands = [
		listCommand(),
		createCommand(),
		startCommand(),
		statusCommand(),
		logsCommand(),
		inspectCommand(),
		...changeCommands(),
		cleanupCommand(),
		bulkCommand(),
		schedulesCommand(),
		typesCommand(),
		nodesCommand(),
		serversCommand(),
		devCommand(folder),
	];
	for (const command of commands) program.addCommand(command);
	addCompletion(program, names);
	// A fault of the command line is thrown, and becomes an exit code in one place.
	program.exitOverride();
	inherit(program);
	return program;
}

/** Commands that are added have settings of their own. */
function inherit(command: Command): void {
	for (const each of command.commands) {
		each.copyInheritedSettings(command);
		inherit(each as Command);
	}
}
