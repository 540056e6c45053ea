import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../src/cli/exit";
import {
	type Configuration,
	configurationFile,
	connectionOf,
	readConfiguration,
	writeConfiguration,
} from "../../src/cli/settings";

const NOTHING: Configuration = { servers: {} };
const CONFIG: Configuration = {
	default: "local",
	servers: {
		local: { url: "http://localhost:9000" },
		prod: { url: "https://workflows.example", tokenEnv: "PROD_TOKEN" },
		test: { url: "https://test.example", token: "stored" },
	},
};

const connect = (
	options: Parameters<typeof connectionOf>[0],
	env: Record<string, string> = {},
	config = CONFIG,
) => connectionOf(options, { env: { WORKFLOW_ACTOR: "ann", ...env }, config: () => config });

describe("which service is asked", () => {
	it("is the one on this machine where nothing says another", () => {
		expect(connect({}, {}, NOTHING)).toEqual({ url: "http://localhost:8787", actor: "ann" });
	});

	it("is --url before WORKFLOW_URL, and that before the configuration", () => {
		const env = { WORKFLOW_URL: "http://env.example" };
		expect(connect({ url: "http://option.example" }, env).url).toBe("http://option.example");
		expect(connect({}, env).url).toBe("http://env.example");
		expect(connect({}).url).toBe("http://localhost:9000");
	});

	it("is the server that --server names, whatever the environment says", () => {
		const env = { WORKFLOW_URL: "http://env.example" };
		expect(connect({ server: "test" }, env).url).toBe("https://test.example");
	});

	it.each([
		[{ server: "prd" }, 'has no server "prd": it has local, prod, test'],
		[{ url: "http://a.example", server: "prod" }, "give one of them"],
		[{ url: "localhost:8787" }, 'received "localhost:8787"'],
		[{ server: "prod" }, "PROD_TOKEN, which is not set"],
	])("cannot be told from %j", (options, message) => {
		expect(() => connect(options)).toThrow(expect.objectContaining({ name: "UsageError" }));
		expect(() => connect(options)).toThrow(message);
	});
});

describe("the token", () => {
	it("is --token before all else", () => {
		const env = { WORKFLOW_TOKEN: "env" };
		expect(connect({ token: "option", server: "test" }, env).token).toBe("option");
	});

	it("of a server is its own, stored or in the variable that it names", () => {
		const env = { WORKFLOW_TOKEN: "env", PROD_TOKEN: "secret" };
		expect(connect({ server: "test" }, env).token).toBe("stored");
		expect(connect({ server: "prod" }, env).token).toBe("secret");
	});

	it("of a server goes to no other address", () => {
		const config = { ...CONFIG, default: "test" };
		expect(connect({}, {}, config).token).toBe("stored");
		expect(connect({ url: "http://other.example" }, {}, config).token).toBeUndefined();
	});
});

describe("the configuration", () => {
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "workflow-config-"));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it("is empty where there is no file", () => {
		expect(readConfiguration(join(folder, "none.json"))).toEqual(NOTHING);
	});

	it("is read as it was written, by its owner only", () => {
		const file = join(folder, "workflow", "config.json");
		writeConfiguration(CONFIG, file);
		expect(readConfiguration(file)).toEqual(CONFIG);
		expect(statSync(file).mode & 0o777).toBe(0o600);
	});

	it.each([
		["{", "is not JSON"],
		['{"servers":{"a":{"url":"ftp://a"}}}', "servers.a.url: expected an address"],
		['{"servers":{},"sever":{}}', "Unrecognized key"],
	])("%s is refused", (text, message) => {
		const file = join(folder, "config.json");
		writeFileSync(file, text);
		expect(() => readConfiguration(file)).toThrow(UsageError);
		expect(() => readConfiguration(file)).toThrow(message);
	});

	it("is where XDG_CONFIG_HOME or WORKFLOW_CONFIG say", () => {
		expect(configurationFile({ XDG_CONFIG_HOME: "/x" })).toBe("/x/workflow/config.json");
		expect(configurationFile({ WORKFLOW_CONFIG: "/y.json", XDG_CONFIG_HOME: "/x" })).toBe(
			"/y.json",
		);
	});
});
