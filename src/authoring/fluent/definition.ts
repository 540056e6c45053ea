/** A workflow of this style: an entry of the registry, made of a name, a handler and options. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { configFor } from "../../client/type-config";
import { type Program, type ProgramSource, toProgram } from "../../engine/program";
import { ValidationError } from "../../model/errors";
import type { PanicOptions } from "../../model/panic";
import type { RetryOptions } from "../../model/retry";
import { isSchema, type Schema } from "../../model/standard-schema";
import type { TypeConfigOptions } from "../../model/type-config";
import { type PanicConfig, panicOptions, type RetryConfig, retryOptions } from "../configs";
import { declared, type TypeDeclaration } from "../declaration";
import { Context, type WorkflowContext } from "./context";

/** What a workflow may say of itself beside its handler. */
export interface DefineOptions extends Omit<TypeDeclaration, "panic"> {
	/** A Standard Schema: an input that it refuses creates nothing. */
	input?: Schema;
	/** Of steps that say nothing of it; the same as `defaults.retries`, and before it. */
	retry?: RetryConfig | RetryOptions;
	/** What is done about errors that say the system is broken, not the step. */
	panic?: PanicConfig | PanicOptions;
}

/** Payloads by event name, from `options.events`. */
export type EventsOf<Options> = Options extends { events: infer Declared extends object }
	? {
			[Name in keyof Declared]: Declared[Name] extends StandardSchemaV1<unknown, infer Payload>
				? Payload
				: unknown;
		}
	: Record<string, unknown>;

export type ConfigOf<Options> = Options extends { config: infer Config extends TypeConfigOptions }
	? Config
	: TypeConfigOptions;

/**
 * An entry of the registry, under its own name. `Input` is what an instance is created with,
 * `Result` what its handler returns.
 */
export class WorkflowDefinition<
	Input = unknown,
	Result = unknown,
	Events extends object = Record<string, unknown>,
> implements ProgramSource
{
	readonly name: string;
	readonly #program: Program;
	/** For the compiler only. */
	declare readonly types: { input: Input; result: Result; events: Events };

	/** @throws {ValidationError} that names what is wrong. */
	constructor(name: string, handler: (ctx: never) => unknown, options: DefineOptions = {}) {
		if (typeof handler !== "function") {
			throw new ValidationError(
				`Workflow.define("${name}") expects a function, as in Workflow.define(name, async (ctx) => …); received ${handler === null ? "null" : typeof handler}.`,
				{ path: "handler" },
			);
		}
		const { input, retry, panic, defaults, ...declaration } = options;
		if (input !== undefined && !isSchema(input)) {
			throw new ValidationError(`Workflow.define("${name}"): input is no Standard Schema.`, {
				path: "input",
			});
		}
		const retries = retry === undefined ? defaults?.retries : retryOptions(retry);
		const declaredParts = declared(
			name,
			{
				...declaration,
				...(panic === undefined ? {} : { panic: panicOptions(panic) }),
				defaults: { ...defaults, ...(retries === undefined ? {} : { retries }) },
			},
			input,
		);
		this.name = declaredParts.type;
		const config = configFor(declaredParts);
		this.#program = {
			...declaredParts,
			run: async (step, given, run) => {
				const ctx: WorkflowContext = new Context({ step, input: given, run, config });
				// What its input is, the handler's own type says. Awaited: returned as it is, a promise that
				// has failed would go unhandled for a turn, and be reported.
				return await handler(ctx as never);
			},
		};
	}

	[toProgram](): Program {
		return this.#program;
	}
}
