/** What a type can be configured with, and that a refusal never repeats a secret. */
import { describe, expect, it } from "vitest";
import { NO_CONFIG, type TypeConfigOptions, typeConfig } from "../../src/model/type-config";

const SECRET = "sk-live-4242";

describe("a configuration", () => {
	it("of the seed is taken as it is", () => {
		const options = {
			environment: "production",
			variables: { API_TIMEOUT: "30000", BATCH_SIZE: "100", MAX_RETRIES: "3" },
			secrets: { API_KEY: "env:DATA_API_KEY", DATABASE_URL: "env:DB_CONNECTION_STRING" },
		};
		expect(typeConfig(options)).toEqual(options);
	});

	it("may say nothing", () => {
		expect(typeConfig({})).toEqual(NO_CONFIG);
	});

	it("is nobody's to change: neither who wrote it nor who reads it", () => {
		const variables = { hosts: [{ name: "a" }] };
		const config = typeConfig({ variables, secrets: { KEY: "env:A" } });
		variables.hosts.push({ name: "b" });
		expect(config.variables).toEqual({ hosts: [{ name: "a" }] });
		const { hosts } = config.variables as typeof variables;
		expect(() => hosts.push({ name: "c" })).toThrow(TypeError);
		expect(() => Object.assign(hosts[0] ?? {}, { name: "c" })).toThrow(TypeError);
		expect(() => Object.assign(config.secrets, { KEY: "env:B" })).toThrow(TypeError);
	});
});

it.each([
	[null, "options", "received object"],
	[{ variable: {} }, "variable", '"variable"'],
	[{ environment: 1 }, "config.environment", "received number"],
	[{ variables: [] }, "config.variables", "plain JSON"],
	[{ variables: "A=1" }, "config.variables", "plain JSON"],
	[{ variables: { at: new Date(0) } }, "config.variables.at", "plain JSON"],
	[{ variables: { f: () => 1 } }, "config.variables.f", "plain JSON"],
	[{ secrets: null }, "config.secrets", "references"],
	[{ secrets: { KEY: SECRET } }, "config.secrets.KEY", "`env:`"],
	[{ secrets: { KEY: `env: ${SECRET}` } }, "config.secrets.KEY", "another form"],
	[{ secrets: { KEY: "env:" } }, "config.secrets.KEY", "another form"],
	[{ secrets: { KEY: "env:1A" } }, "config.secrets.KEY", "another form"],
	[{ secrets: { KEY: { value: SECRET } } }, "config.secrets.KEY", "type object"],
	[{ secrets: { toJSON: "env:A" } }, "config.secrets.toJSON", "cannot have"],
])("%j is refused, with the path %s", (options, path, text) => {
	const parse = () => typeConfig(options as TypeConfigOptions);
	expect(parse).toThrow(text);
	expect(parse).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR", details: { path } }));
	expect(parse).not.toThrow(SECRET);
});
