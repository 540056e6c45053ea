/** Variables and secrets in workerd: secrets come from the Worker's bindings, and get into no row, answer or error. */
import { describe, expect, it } from "vitest";
import { configFor } from "../../src/client/type-config";
import { toProgram } from "../../src/engine/program";
import { BaseWorkflow, type Step } from "../../src/library";
import { encode } from "../../src/model/codec";
import { type TypeConfigOptions, typeConfig } from "../../src/model/type-config";
import { TestInstance } from "../support/instance";
import { programs } from "../support/lab";

/** A variable of the Worker under test, and what it is. */
const [BINDING, VALUE] = ["AUTH", "off"];

const read = (options: TypeConfigOptions) => configFor({ type: "t", config: typeConfig(options) });

describe("the secrets of a type", () => {
	const { secrets } = read({ secrets: { MODE: `env:${BINDING}` } });

	it("are the bindings that they refer to", () => {
		expect(secrets.MODE).toBe(VALUE);
	});

	it("are not given away by what shows or stores the whole", () => {
		expect(JSON.stringify({ secrets })).toBe(`{"secrets":{"MODE":"env:${BINDING}"}}`);
		expect({ ...secrets }).toEqual({});
		expect(Object.entries(secrets)).toEqual([]);
		expect(String(secrets)).not.toContain(VALUE);
		expect(() => encode({ secrets }, "the result")).toThrow(
			expect.objectContaining({ code: "VALUE_NOT_STORABLE" }),
		);
		expect(() => Object.assign(secrets, { MODE: "on" })).toThrow(TypeError);
	});

	it.each([
		["NOWHERE", "there is none"],
		["WORKFLOW_RUNNER", "it is a value of type object"],
	])("say which binding is wrong: %s", (binding, why) => {
		const missing = read({ secrets: { MODE: `env:${BINDING}`, KEY: `env:${binding}` } }).secrets;
		expect(() => missing.KEY).toThrow(why);
		expect(() => missing.KEY).toThrow(
			expect.objectContaining({ code: "SECRET_MISSING", details: { secret: "KEY", binding } }),
		);
		// The others are not held up by it.
		expect(missing.MODE).toBe(VALUE);
	});

	it("that were not declared are not there", () => {
		expect(secrets.OTHER).toBeUndefined();
	});
});

class Configured extends BaseWorkflow<null, unknown> {
	static type = "configured" as const;
	static config = {
		variables: { regions: ["eu", "us"] },
		secrets: { MODE: `env:${BINDING}`, KEY: "env:NOWHERE" },
	};

	async run(step: Step) {
		const { variables, secrets } = Configured.configured();
		const length = await step.do("use", () => secrets.MODE.length);
		await step.waitForEvent("go");
		const failure = await step
			.do("use another", { retries: { limit: 1 } }, () => secrets.KEY)
			.catch(({ code, message }) => ({ code, message }));
		return { regions: variables.regions, length, failure };
	}
}
programs.set(Configured.type, Configured[toProgram]());

describe("a class with a configuration", () => {
	it("uses it in its steps, before and after an eviction, and stores no secret", async () => {
		const instance = await TestInstance.create(Configured.type);
		await instance.until("waiting");
		await instance.evict();
		await instance.event("go");
		const { result } = await instance.until("completed");
		expect(result).toMatchObject({
			regions: ["eu", "us"],
			length: VALUE.length,
			failure: { code: "SECRET_MISSING", message: expect.stringContaining("NOWHERE") },
		});
		const rows = [
			await instance.sql("SELECT * FROM workflow"),
			await instance.sql("SELECT * FROM steps"),
		];
		expect(JSON.stringify(rows)).not.toContain(VALUE);
	});

	it("is refused when it is registered, if a secret is no reference", () => {
		class Faulty extends Configured {
			static override config = { variables: { regions: [] }, secrets: { MODE: "x", KEY: "y" } };
		}
		expect(() => Faulty[toProgram]()).toThrow("config.secrets.MODE");
	});
});
