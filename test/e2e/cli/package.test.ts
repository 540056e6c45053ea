/** The package as users get it: packed, installed in an empty folder, and run there. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../client";
import { freePort, ProcessGroup, ROOT } from "../process-group";
import { removeFolder, temporaryFolder, wranglerEnv } from "../service";
import { BIN, CommandLine } from "./command-line";

const execute = promisify(execFile);
const folder = temporaryFolder();
/** As the user's shell has it: without what npm tells the scripts that it runs. */
const env = Object.fromEntries(
	Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_")),
);
/** Where the package is installed. */
const project = join(folder, "project");
const installed = join(project, "node_modules/durable-workflows");

beforeAll(async () => {
	mkdirSync(project);
	const npm = (args: string[], cwd: string) => execute("npm", args, { cwd, env });
	const { stdout } = await npm(["pack", "--silent", "--pack-destination", folder], ROOT);
	const tarball = join(folder, stdout.trim().split("\n").at(-1) ?? "");
	writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true }\n');
	await npm(["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], project);
});

afterAll(() => removeFolder(folder));

it("the command runs from a clone by npx", async () => {
	const { stdout } = await execute("npx", ["workflow", "--version"], { cwd: ROOT, env });
	expect(stdout).toBe("0.1.0\n");
});

describe("the packed package in an empty folder", () => {
	const run = (args: string[]) =>
		new CommandLine(undefined, join(folder, "config.json")).run(args, {
			cwd: project,
			folder: installed,
		});

	it("has the command, which runs without what developers need", async () => {
		expect(existsSync(join(project, "node_modules/.bin/workflow"))).toBe(true);
		expect(existsSync(join(project, "node_modules/esbuild"))).toBe(false);
		expect(await run(["--version"])).toMatchObject({ code: 0, stdout: "0.1.0\n", stderr: "" });
		const { code, stderr } = await run(["list", "--url", `http://127.0.0.1:${await freePort()}`]);
		expect(code).toBe(3);
		expect(stderr).toContain("workflow dev");
	});

	it("says what dev needs, where wrangler is not installed", async () => {
		const { code, stderr } = await run(["dev"]);
		expect(code).toBe(2);
		expect(stderr).toContain("npm install --save-dev wrangler");
	});

	it("runs the service with the examples, its state in .workflow/, until Ctrl-C", async () => {
		symlinkSync(join(ROOT, "node_modules/wrangler"), join(project, "node_modules/wrangler"));
		const port = await freePort();
		const client = new Client(`http://127.0.0.1:${port}`);
		const dev = new ProcessGroup(
			process.execPath,
			[join(installed, BIN), "dev", "--port", String(port), "--inspector-port", "0"],
			wranglerEnv(folder),
			project,
		);
		try {
			await dev.says(/The service is up at http:\S+/);
			const cli = new CommandLine(client.url, join(folder, "config.json"));
			const settings = { cwd: project, folder: installed };
			expect(await cli.run(["create", "hello"], settings)).toMatchObject({ code: 0 });
			expect(await cli.run(["start", "hello", "--wait"], settings)).toMatchObject({ code: 0 });
			expect(existsSync(join(project, ".workflow/v3"))).toBe(true);
			dev.signal("SIGINT");
			await dev.gone();
		} finally {
			await dev.kill9();
		}
		await expect(client.get("/")).rejects.toThrow();
	});
});
