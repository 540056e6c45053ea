/**
 * The types of this service, and what its machines are given as `ctx.plugins`, `ctx.core` and jobs.
 * To add a type, write its file, import it here and give it a line; to be rid of the examples,
 * delete theirs.
 */
import { NodeRegistry, type Registry, type Services } from "../library";
import { examples } from "./examples/examples";
import { plugins } from "./examples/plugins";

export const registry = {
	...examples,
} satisfies Registry;

export const services = {
	plugins,
} satisfies Services;

/** The nodes of stored definitions: those built in, and what is registered here. */
export const nodes = new NodeRegistry();
