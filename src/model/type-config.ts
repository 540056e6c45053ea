/**
 * What a type is configured with: plain variables, and secrets by reference. A reference is
 * `env:<binding>`; what it stands for is read where it is used (`client/type-config.ts`), and is
 * in no row and no answer.
 */
import { ValidationError } from "./errors";
import { requireKnown } from "./options";
import { shortened } from "./printable";
import { isJson } from "./storable";

export interface TypeConfigOptions {
	/** As in `"production"`: for people, and for the code to look at. */
	environment?: string;
	/** Plain JSON. */
	variables?: Readonly<Record<string, unknown>>;
	/** References to bindings of the Worker: `{ API_KEY: "env:DATA_API_KEY" }`. */
	secrets?: Readonly<Record<string, string>>;
}

/** As the catalogue shows it. */
export interface TypeConfig {
	readonly environment: string | null;
	readonly variables: Readonly<Record<string, unknown>>;
	readonly secrets: Readonly<Record<string, string>>;
}

export const NO_CONFIG: TypeConfig = { environment: null, variables: {}, secrets: {} };

const REFERENCE = /^env:([A-Za-z_$][\w$]*)$/;

/** @throws {ValidationError} with the path of what is wrong, and never the text of a secret. */
export function typeConfig(options: TypeConfigOptions): TypeConfig {
	requireKnown(options, ["environment", "variables", "secrets"], "config");
	const { environment = null, variables = {}, secrets = {} } = options;
	if (environment !== null && typeof environment !== "string") {
		throw invalid("environment", `is a string; received ${typeof environment}`);
	}
	if (!isRecord(variables)) throw invalid("variables", "is an object of plain JSON");
	for (const [name, value] of Object.entries(variables)) {
		if (!isJson(value)) throw invalid(`variables.${name}`, "is no plain JSON");
	}
	if (!isRecord(secrets)) throw invalid("secrets", "is an object of references to bindings");
	for (const [name, reference] of Object.entries(secrets)) {
		if (isSecretReference(reference)) continue;
		// It may be the secret itself, which is not to be repeated.
		const received =
			typeof reference === "string"
				? "a text of another form"
				: `a value of type ${typeof reference}`;
		const example = "`env:` and the name of a binding, as in env:DATA_API_KEY";
		throw invalid(`secrets.${name}`, `is ${example}; received ${received}`);
	}
	if ("toJSON" in secrets) throw invalid("secrets.toJSON", "is a name that secrets cannot have");
	return { environment, variables: frozen(variables), secrets: Object.freeze({ ...secrets }) };
}

/** Whether it is a reference to a binding. */
export function isSecretReference(value: unknown): value is string {
	return typeof value === "string" && REFERENCE.test(value);
}

/** The binding that a reference names. */
export function bindingOf(reference: string): string {
	return REFERENCE.exec(reference)?.[1] ?? "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy, shared by all instances in an isolate, so that none changes it for the others. */
function frozen<T>(json: T): T {
	const copy: T = structuredClone(json);
	const freeze = (value: unknown) => {
		if (typeof value !== "object" || value === null) return;
		Object.values(value).forEach(freeze);
		Object.freeze(value);
	};
	freeze(copy);
	return copy;
}

function invalid(path: string, why: string): ValidationError {
	const where = shortened(`config.${path}`);
	return new ValidationError(`${where} ${why}.`, { path: where });
}
