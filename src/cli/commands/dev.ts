/**
 * `workflow dev`: the service on this machine, by `wrangler dev`: that of the project in this folder,
 * or the one that comes with the package. Its state lives in `.workflow/`, and survives restarts.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { Ended, EXIT, UsageError } from "../exit";
import { example, globalsOf } from "../session";
import { openTerminal, type Terminal } from "../terminal";
import { wholeNumber } from "../values";

const CONFIGS = ["wrangler.jsonc", "wrangler.json", "wrangler.toml"];
/** The oldest Node that wrangler runs on. */
const NODE = { major: 22, minor: 12 };

export const devCommand = (packageFolder: string) =>
	new Command("dev")
		.description("Run the service on this machine, with its state in .workflow/")
		.argument("[wrangler-options...]", "behind --: further options of wrangler dev")
		.option("-p, --port <port>", "where it listens", wholeNumber(1, 65_535), 8787)
		.option("--state <folder>", "where its state is kept", ".workflow")
		.allowUnknownOption()
		.addHelpText(
			"after",
			example("workflow dev --port 9000", "workflow dev -- --env-file .dev.vars.local"),
		)
		.action(async (more, { port, state }, command) => {
			const terminal = openTerminal({ color: globalsOf(command).color !== false });
			const own = CONFIGS.find((name) => existsSync(name));
			const config = resolve(own ?? join(packageFolder, "wrangler.jsonc"));
			const given = (option: string) => more.some((each) => each.split("=")[0] === option);
			const args = [
				wranglerScript(packageFolder),
				...["dev", "--config", config, "--port", String(port)],
				...(given("--ip") ? [] : ["--ip", "127.0.0.1"]),
				...(given("--persist-to") ? [] : ["--persist-to", resolve(state)]),
				// The service of the package is for trying it out.
				...(own === undefined ? ["--var", "AUTH:off"] : []),
				...more,
			];
			if (own === undefined) {
				terminal.note(
					"There is no wrangler configuration here: this is the service with the examples.",
				);
			}
			throw new Ended(await run(nodeBinary(packageFolder), args, terminal));
		});

function run(node: string, args: string[], terminal: Terminal): Promise<0 | 1 | 130> {
	const wrangler = spawn(node, args, {
		stdio: ["inherit", "pipe", "inherit"],
		env: { WRANGLER_SEND_METRICS: "false", ...process.env },
	});
	let output: string | undefined = "";
	wrangler.stdout.on("data", (chunk) => {
		process.stdout.write(chunk);
		if (output === undefined) return;
		output += chunk;
		const url = /Ready on (https?:\S+)\s/.exec(output)?.[1];
		if (url === undefined) return;
		output = undefined;
		terminal.print(welcome(url));
	});
	let interrupted = false;
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
		process.on(signal, () => {
			interrupted = true;
			wrangler.kill(signal);
		});
	}
	return new Promise((ended, failed) => {
		wrangler.on("error", failed);
		wrangler.on("exit", (code) => {
			ended(interrupted ? EXIT.interrupted : code === 0 ? EXIT.ok : EXIT.failed);
		});
	});
}

function welcome(url: string): string {
	const json = "-H 'Content-Type: application/json'";
	return `
The service is up at ${url}. Try:

  curl -X POST ${url}/workflows ${json} -d '{"type":"test","id":"test-1","payload":{"name":"World"}}'
  curl ${url}/workflows/test-1
  curl -X POST ${url}/workflows/test-1/events/approval ${json} -d '{"approved":true}'

or, in another terminal: npx workflow list${new URL(url).port === "8787" ? "" : ` --url ${url}`}
The API: ${url}/docs
`;
}

/** Of the project in this folder, or of the package's own. */
function wranglerScript(packageFolder: string): string {
	const found = resolved("wrangler/package.json", packageFolder);
	if (found !== undefined) return join(found, "../bin/wrangler.js");
	throw new UsageError("wrangler is not installed here: npm install --save-dev wrangler");
}

/** This one, if it is new enough, or the one that the npm package `node` brings. */
function nodeBinary(packageFolder: string): string {
	const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
	if (major > NODE.major || (major === NODE.major && minor >= NODE.minor)) return process.execPath;
	const found = resolved("node/package.json", packageFolder);
	if (found !== undefined) return join(found, "../bin/node");
	throw new UsageError(
		`wrangler needs Node ${NODE.major}.${NODE.minor} or newer; this is ${process.versions.node}. npm install --save-dev node brings one.`,
	);
}

function resolved(module: string, packageFolder: string): string | undefined {
	for (const folder of [process.cwd(), packageFolder]) {
		try {
			return createRequire(join(folder, "package.json")).resolve(module);
		} catch {
			// Not there: perhaps in the next.
		}
	}
	return undefined;
}
