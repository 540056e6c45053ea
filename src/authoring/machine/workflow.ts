/**
 * `workflow(name)`: the state-machine style (seed 004). A machine is steps with names, and where
 * each of them leads; what is written is data, checked when it is built.
 *
 *   builder.ts      what is written, step by step      parse-step.ts, build.ts   and checked
 *   definition.ts   the machine as data                run.ts                    and followed
 */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ValidationError } from "../../model/errors";
import { shortened } from "../../model/printable";
import type { Schema } from "../../model/standard-schema";
import { MachineBuilder } from "./builder";
import type { MachineOptions } from "./options";
import type { Untyped } from "./services";
import type { Start } from "./shape";

type InputOf<Options> = Options extends { input: infer S extends Schema }
	? StandardSchemaV1.InferOutput<S>
	: Untyped;

/**
 * Begins a machine; `build()` makes it an entry of the registry.
 *
 * @example
 * export const greet = workflow("greet")
 *   .task("look-up", {
 *     inputSchema: z.object({ id: z.string() }),
 *     handler: ({ id }) => users.find(id),
 *   })
 *   .choice("known", {
 *     choices: [{ condition: (ctx) => ctx.steps["look-up"].found, next: "hello" }],
 *     default: "goodbye",
 *   })
 *   .pass("hello", { transform: (ctx) => `Hello, ${ctx.steps["look-up"].name}!`, end: true })
 *   .pass("goodbye", { result: "Who are you?" })
 *   .build();
 */
export function workflow<const Options extends MachineOptions = MachineOptions>(
	name: string,
	options?: Options,
): MachineBuilder<
	{ input: InputOf<Options>; steps: object; prev: Start; targets: never },
	{ machine: true }
> {
	return new MachineBuilder({
		name,
		branch: null,
		drafts: [],
		options: options ?? {},
		retry: null,
		isInline: false,
	});
}

/**
 * Begins a branch of a `parallel` step. What leads to it is not known here: `Prev`, `Input` and
 * `Steps` may say it.
 */
workflow.branch = <
	const Name extends string,
	Prev = Untyped,
	Input = Untyped,
	Steps extends object = Record<never, never>,
>(
	name: Name,
): MachineBuilder<{ input: Input; steps: Steps; prev: Prev; targets: never }, { branch: Name }> => {
	if (typeof name !== "string" || name === "" || name.includes("/")) {
		throw new ValidationError(
			`A branch's name is a string of at least one character without "/"; received ${shortened(JSON.stringify(name) ?? "undefined")}.`,
			{ path: "branch" },
		);
	}
	return new MachineBuilder({
		name,
		branch: name,
		drafts: [],
		options: {},
		retry: null,
		isInline: false,
	});
};
