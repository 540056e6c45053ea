/** A workflow as helpers are given it: itself, or the name under which the service knows it. */
import { parseTypeName } from "../../model/ids";
import type { WorkflowDefinition } from "./definition";

export type Named<Input, Result, Events extends object> =
	| WorkflowDefinition<Input, Result, Events>
	| string;

/** The same where it does not matter what it takes. */
export type AnyNamed = { readonly name: string } | string;

export function nameOf(workflow: AnyNamed): string {
	return parseTypeName(typeof workflow === "string" ? workflow : workflow?.name);
}
