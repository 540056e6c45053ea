/**
 * Who may do what: roles, and lists of the names that a caller may use.
 *
 * A request to an object carries such a list (`Reach`), and the object refuses what is about
 * another type in the same synchronous stretch in which it would make the change. So what a caller
 * may not touch is not touched, whatever came to stand under an id meanwhile.
 */
import { WorkflowError } from "./errors";
import { shortened } from "./printable";

/** Each may do what those before it may. */
export const ACCESS_ROLES = ["viewer", "operator", "author", "admin"] as const;
export type AccessRole = (typeof ACCESS_ROLES)[number];

/** Names, and beginnings of names, which end in `*`. */
export type NamePatterns = readonly string[];

/** What a request carries whose caller may use some types only. */
export interface Reach {
	onlyTypes?: NamePatterns | undefined;
}

export function hasRole(role: AccessRole, needed: AccessRole): boolean {
	return ACCESS_ROLES.indexOf(role) >= ACCESS_ROLES.indexOf(needed);
}

export function allows(patterns: NamePatterns, name: string): boolean {
	return patterns.some((pattern) =>
		pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
	);
}

export function forbidden(message: string, details?: Record<string, unknown>): WorkflowError {
	return new WorkflowError("FORBIDDEN", message, details);
}

/**
 * Refuses names, of types or nodes, that are not among those of a caller.
 *
 * @throws {WorkflowError} `FORBIDDEN`
 */
export function requireAllowed(
	what: "types" | "nodes",
	patterns: NamePatterns,
	names: readonly string[],
): void {
	const others = names.filter((name) => !allows(patterns, name)).map((name) => shortened(name));
	if (others.length === 0) return;
	throw forbidden(
		`The token is for the ${what} ${patterns.join(", ")}. Not among them: ${shortened(others.join(", "), 400)}.`,
		{ allowed: patterns },
	);
}

/**
 * Refuses a request whose caller may not use the types that an object is about; which those are is
 * not said.
 *
 * @throws {WorkflowError} `FORBIDDEN`
 */
export function requireWithin({ onlyTypes }: Reach, typesOf: () => readonly string[]): void {
	if (onlyTypes === undefined || typesOf().every((type) => allows(onlyTypes, type))) return;
	throw forbidden(
		`The token is for the types ${onlyTypes.join(", ")}. What it asks for is of another type.`,
		{ allowed: onlyTypes },
	);
}
