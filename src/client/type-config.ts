/**
 * The configuration of a type as its code sees it: variables, and secrets that are read from the
 * Worker's bindings at the moment they are asked for.
 *
 * The object of secrets gives none of them away as a whole: listed or copied it is empty, as JSON it
 * is its references, and a step that returns it fails (`VALUE_NOT_STORABLE`). What code does with a
 * secret that it has read is the code's.
 */
import { WorkflowError } from "../model/errors";
import { bindingOf, type TypeConfig, type TypeConfigOptions } from "../model/type-config";
import { workerEnv } from "./worker-env";

/** What the code of a type is configured with; `Options` is how it was written. */
export interface RunConfig<Options extends TypeConfigOptions = TypeConfigOptions> {
	readonly environment: string | null;
	/** Frozen. */
	readonly variables: Readonly<NonNullable<Options["variables"]>>;
	/** Reading one whose binding is not there throws a `WorkflowError`, `SECRET_MISSING`. */
	readonly secrets: Readonly<Record<keyof NonNullable<Options["secrets"]> & string, string>>;
}

/**
 * @example
 * const { variables, secrets } = configFor(program);
 * await fetch(url, { headers: { Authorization: `Bearer ${secrets.API_KEY}` } });
 */
export function configFor<Options extends TypeConfigOptions = TypeConfigOptions>(program: {
	type: string;
	config: TypeConfig;
}): RunConfig<Options> {
	const { type, config } = program;
	const { environment, variables } = config;
	const secrets = new Secrets(type, config.secrets);
	// As the options were written; each secret has a getter of its name.
	return { environment, variables, secrets } as unknown as RunConfig<Options>;
}

/** A class, so that no value with one in it can be stored. */
class Secrets {
	constructor(type: string, references: TypeConfig["secrets"]) {
		Object.defineProperty(this, "toJSON", { value: () => references });
		for (const [name, reference] of Object.entries(references)) {
			const get = () => secretOf(`"${type}"`, name, bindingOf(reference));
			Object.defineProperty(this, name, { get });
		}
		Object.freeze(this);
	}
}

/** @throws {WorkflowError} `SECRET_MISSING`; `what` needs the secret. */
export function secretOf(what: string, name: string, binding: string): string {
	const value = workerEnv()[binding];
	if (typeof value === "string") return value;
	const received = value === undefined ? "there is none" : `it is a value of type ${typeof value}`;
	throw new WorkflowError(
		"SECRET_MISSING",
		`The secret "${name}" of ${what} is the binding ${binding}, expected to be a text, but ${received}. Set it with \`npx wrangler secret put ${binding}\`, or for \`wrangler dev\` in an --env-file.`,
		{ secret: name, binding },
	);
}
