/**
 * The types of this service. To add one, write its file, import it here and give it a line; to be
 * rid of the examples, delete theirs.
 */
import type { Registry } from "../library";
import { examples } from "./examples/examples";

export const registry = {
	...examples,
} satisfies Registry;
