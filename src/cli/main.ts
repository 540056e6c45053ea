/** The command line as a process: `bin/workflow.mjs` calls it. */
import { CommanderError } from "@commander-js/extra-typings";
import { COMPLETE, knownNames, NO_NAMES } from "./completion";
import { Ended, EXIT, explain } from "./exit";
import { createProgram, type PackageInfo } from "./program";
import { endWithReader, openTerminal } from "./terminal";

export async function main(info: PackageInfo, args: readonly string[]): Promise<void> {
	endWithReader();
	process.exitCode = await run(info, args);
}

async function run(info: PackageInfo, args: readonly string[]): Promise<number> {
	try {
		const names = args[0] === COMPLETE ? await knownNames() : NO_NAMES;
		await createProgram(info, names).parseAsync([...args], { from: "user" });
		return EXIT.ok;
	} catch (error) {
		if (error instanceof Ended) return error.code;
		// It has said what is wrong, or has printed help or version.
		if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
		const { code, message, hints } = explain(error);
		openTerminal({ color: !args.includes("--no-color") }).fault(message, hints);
		return code;
	}
}
