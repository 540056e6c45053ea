/** `workflow servers`: named services in the configuration. */
import { Command } from "@commander-js/extra-typings";
import { UsageError } from "../exit";
import { example, formatOption, globalsOf } from "../session";
import {
	type Configuration,
	configurationFile,
	parseUrl,
	readConfiguration,
	unknownServer,
	writeConfiguration,
} from "../settings";
import { table } from "../table";
import { openTerminal } from "../terminal";
import { jsonText } from "../words";

export const serversCommand = () =>
	new Command("servers")
		.description("Services with names, for --server")
		.addHelpText(
			"after",
			example(
				"workflow servers add prod --url https://workflows.example --token-env PROD_TOKEN --default",
				"workflow list --server prod",
			),
		)
		.addCommand(listCommand(), { isDefault: true })
		.addCommand(addCommand())
		.addCommand(useCommand())
		.addCommand(removeCommand());

function listCommand() {
	return new Command("list")
		.alias("ls")
		.description("List the servers of the configuration")
		.addOption(formatOption())
		.addHelpText("after", example("workflow servers list"))
		.action(({ format }) => {
			const { default: usual, servers } = readConfiguration();
			// Tokens stay in the file.
			const rows = Object.entries(servers).map(([name, { url, token, tokenEnv }]) => ({
				name,
				url,
				token: tokenEnv === undefined ? (token === undefined ? "none" : "stored") : `$${tokenEnv}`,
				isDefault: name === usual,
			}));
			const { print, width } = openTerminal({ color: true });
			if (format === "json") return print(jsonText(rows));
			if (rows.length === 0) return print(`There are no servers in ${configurationFile()}.`);
			const columns = [
				{
					head: "Name",
					cell: ({ name, isDefault }: (typeof rows)[0]) => `${name}${isDefault ? " *" : ""}`,
				},
				{ head: "Address", cell: ({ url }: (typeof rows)[0]) => url, isFlexible: true },
				{ head: "Token", cell: ({ token }: (typeof rows)[0]) => token },
			];
			print(table(rows, columns, width));
		});
}

function addCommand() {
	return new Command("add")
		.description("Add a server, or change it; --url says where it is")
		.argument("<name>")
		.option("--token-env <variable>", "the environment variable that has its token")
		.option("--default", "ask it where nothing names another")
		.addHelpText(
			"after",
			example("workflow servers add prod --url https://workflows.example --token-env PROD_TOKEN"),
		)
		.action((name, { tokenEnv, default: isDefault }, command) => {
			// `--url` and `--token` are options of every command.
			const { url, token } = globalsOf(command);
			if (url === undefined) throw new UsageError("Give the address of the server by --url.");
			if (token !== undefined && tokenEnv !== undefined) {
				throw new UsageError("--token and --token-env both say the token: give one of them.");
			}
			const config = readConfiguration();
			const servers = { ...config.servers, [name]: { url: parseUrl(url), token, tokenEnv } };
			const usual = isDefault ? name : config.default;
			store({ ...(usual === undefined ? {} : { default: usual }), servers });
		});
}

function useCommand() {
	return new Command("use")
		.description("Ask this server where nothing names another")
		.argument("<name>")
		.addHelpText("after", example("workflow servers use prod"))
		.action((name) => {
			const config = readConfiguration();
			if (config.servers[name] === undefined) throw unknownServer(name, config.servers);
			store({ ...config, default: name });
		});
}

function removeCommand() {
	return new Command("remove")
		.description("Take a server out of the configuration")
		.argument("<name>")
		.addHelpText("after", example("workflow servers remove prod"))
		.action((name) => {
			const { default: usual, servers } = readConfiguration();
			const { [name]: removed, ...rest } = servers;
			if (removed === undefined) throw unknownServer(name, servers);
			store({
				...(usual === undefined || usual === name ? {} : { default: usual }),
				servers: rest,
			});
		});
}

function store(config: Configuration): void {
	writeConfiguration(config);
	openTerminal({ color: true }).note(`Written to ${configurationFile()}.`);
}
