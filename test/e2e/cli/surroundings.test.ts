/** Around the command line: tokens, servers with names, a folder of nodes. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Service, temporaryFolder } from "../service";
import { CommandLine } from "./command-line";

const TOKENS = [
	{ name: "ci", token: "secret-of-ci", role: "operator" },
	{ name: "eye", token: "secret-of-eye", role: "viewer", types: ["test"] },
];
const folder = temporaryFolder();
const CONFIG = join(folder, "config.json");
let service: Service;
let cli: CommandLine;

beforeAll(async () => {
	service = await Service.start({
		configs: ["wrangler.jsonc"],
		vars: { API_TOKENS: JSON.stringify(TOKENS) },
	});
	cli = new CommandLine(service.url, CONFIG);
});

afterAll(() => service?.stop());

it("without a token says how to give one", async () => {
	const { code, stderr } = await cli.run(["list"]);
	expect(code).toBe(1);
	expect(stderr).toContain("WORKFLOW_TOKEN");
});

it("the token of the environment, the option or the configuration lets it in", async () => {
	expect((await cli.run(["list"], { env: { WORKFLOW_TOKEN: "secret-of-ci" } })).code).toBe(0);
	expect((await cli.run(["list", "--token", "secret-of-ci"])).code).toBe(0);
	await cli.run(["servers", "add", "ci", "--url", service.url, "--token-env", "CI_TOKEN"]);
	const asked = ["list", "--server", "ci"];
	expect((await cli.run(asked, { env: { CI_TOKEN: "secret-of-ci" } })).code).toBe(0);
	expect((await cli.run(asked)).code).toBe(2);
});

it("what the role of the token does not allow is refused", async () => {
	const env = { WORKFLOW_TOKEN: "secret-of-eye" };
	const { code, stderr } = await cli.run(["start", "test"], { env });
	expect(code).toBe(1);
	expect(stderr).toContain("operator");
	const { stdout } = await cli.run(["list"], { env });
	expect(stdout.trim().split("\n")).toHaveLength(2);
});

it("the audit names who asks: the user, and the token", async () => {
	const env = { WORKFLOW_TOKEN: "secret-of-ci", WORKFLOW_ACTOR: "ann" };
	const { id } = await cli.json<{ id: string }>(["start", "test", "--input", '{"name":"A"}'], {
		env,
	});
	const { audit } = await cli.json<{ audit: { actor: string }[] }>(["inspect", id], { env });
	expect(audit[0]?.actor).toBe("ann (ci)");
});

it("a server has a name, and is asked by it", async () => {
	const add = [
		"servers",
		"add",
		"here",
		"--url",
		service.url,
		"--token",
		"secret-of-ci",
		"--default",
	];
	expect((await cli.run(add)).code).toBe(0);
	const named = new CommandLine(undefined, CONFIG);
	expect((await named.run(["list"])).code).toBe(0);
	const { stdout } = await named.run(["servers"]);
	expect(stdout).toContain("here *");
	expect(stdout).not.toContain("secret-of-ci");
	expect((await named.run(["servers", "remove", "here"])).code).toBe(0);
});

it("the list of a folder's nodes is written, and is checked", async () => {
	const nodes = join(folder, "nodes");
	const check = ["nodes", "import", nodes, "--check"];
	expect((await cli.run(check)).stderr).toContain("There is no folder");
	mkdirSync(join(nodes, "mail"), { recursive: true });
	for (const name of ["greet.ts", "mail/send.ts", "greet.test.ts"]) {
		writeFileSync(join(nodes, name), "export {};\n");
	}
	expect((await cli.run(check)).code).toBe(2);
	expect((await cli.run(["nodes", "import", nodes])).stdout).toContain("2 modules");
	expect((await cli.run(check)).code).toBe(0);
	const text = readFileSync(join(nodes, "node-modules.ts"), "utf8");
	expect(text).toContain('import * as module2 from "./mail/send";');
	expect(text).toContain("export const nodeModules = [module1, module2];");
	const env = { WORKFLOW_TOKEN: "secret-of-ci" };
	expect((await cli.run(["nodes"], { env })).stdout).toContain("wait-event");
});
