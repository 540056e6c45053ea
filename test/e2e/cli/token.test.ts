/** The command line against a service that wants a token. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Service, temporaryFolder } from "../service";
import { CommandLine } from "./command-line";

const TOKENS = [
	{ name: "ci", token: "secret-of-ci", role: "operator" },
	{ name: "eye", token: "secret-of-eye", role: "viewer", types: ["test"] },
];
const folder = temporaryFolder();
let service: Service;
let cli: CommandLine;

beforeAll(async () => {
	service = await Service.start({
		configs: ["wrangler.jsonc"],
		vars: { API_TOKENS: JSON.stringify(TOKENS) },
	});
	cli = new CommandLine(service.url, join(folder, "config.json"));
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
