/** What every command begins with: the options that all have, the service, and where to write. */
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { ServiceClient } from "../service-client/service-client";
import { connectionOf } from "./settings";
import { openTerminal, type Terminal } from "./terminal";
import { jsonText } from "./words";

export const FORMATS = ["table", "json"] as const;
export type Format = (typeof FORMATS)[number];

export interface Session {
	readonly service: ServiceClient;
	readonly terminal: Terminal;
	readonly format: Format;
	/** A result: for people, or as JSON and nothing else. */
	show(value: unknown, text: () => string): void;
}

/** `--format`, with a short form where a command has one. */
export function formatOption<const Flags extends string = "--format <format>">(flags?: Flags) {
	return new Option(flags ?? ("--format <format>" as Flags), "how to print the result")
		.choices(FORMATS)
		.default("table" as const);
}

/** @throws {UsageError} */
export function openSession(command: CommandUnknownOpts): Session {
	const { format = "table", ...options } = globalsOf(command);
	const terminal = openTerminal({ color: options.color !== false });
	return {
		service: new ServiceClient(connectionOf(options)),
		terminal,
		format,
		show: (value, text) => terminal.print(format === "json" ? jsonText(value) : text()),
	};
}

export interface GlobalOptions {
	url?: string;
	token?: string;
	server?: string;
	color?: boolean;
	format?: Format;
}

/** The options that all commands have. */
export function globalsOf(command: CommandUnknownOpts): GlobalOptions {
	// As `program.ts` and `formatOption` declare them; commander has parsed them.
	return command.optsWithGlobals() as GlobalOptions;
}

/** For the end of a command's help. */
export function example(...lines: string[]): string {
	return `\nExample:\n${lines.map((line) => `  $ ${line}`).join("\n")}`;
}
