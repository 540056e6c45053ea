/** Definitions that are refused, with their faults. */
import type { Invalid } from "./corpus";
import { FIELDS } from "./invalid-fields";
import { PLACES } from "./invalid-places";
import { SYNTAX } from "./invalid-syntax";

export const INVALID: readonly Invalid[] = [...SYNTAX, ...FIELDS, ...PLACES];
