/** Who sends a request, and what they may do: asked by the routes as `c.var.caller`. */
import {
	type AccessRole,
	allows,
	forbidden,
	hasRole,
	type NamePatterns,
	requireAllowed,
} from "../model/access";

export interface CallerRights {
	/** Of the token. */
	name: string;
	role: AccessRole;
	/** Undefined: all. */
	types?: NamePatterns | undefined;
	nodes?: NamePatterns | undefined;
}

/** The holder of `API_TOKEN`, or anyone where `AUTH` is `off`. */
export const UNNAMED = "api";

export class Caller {
	readonly #rights: CallerRights;

	constructor(rights: CallerRights) {
		this.#rights = rights;
	}

	/** Undefined: all. */
	get types(): NamePatterns | undefined {
		return this.#rights.types;
	}

	/** Who the audit says it was: the token's name, beside whom the request names. */
	actor(named: string | undefined): string {
		const { name } = this.#rights;
		if (named === undefined) return name;
		return name === UNNAMED ? named : `${named} (${name})`;
	}

	/** @throws {WorkflowError} `FORBIDDEN` */
	requireRole(needed: AccessRole): void {
		const { name, role } = this.#rights;
		if (hasRole(role, needed)) return;
		throw forbidden(
			`This needs a token with the role "${needed}"; the token "${name}" has "${role}".`,
			{ needed, role },
		);
	}

	/** Whether what is of this type may be seen. */
	mayUseType(type: string): boolean {
		const { types } = this.#rights;
		return types === undefined || allows(types, type);
	}

	/** @throws {WorkflowError} `FORBIDDEN`, whether there is such a type or not. */
	requireType(type: string): void {
		const { types } = this.#rights;
		if (types !== undefined) requireAllowed("types", types, [type]);
	}

	/** Refuses a definition that has a node which the token may not use. @throws {WorkflowError} `FORBIDDEN` */
	requireNodes(ids: Iterable<string>): void {
		const { nodes } = this.#rights;
		if (nodes !== undefined) requireAllowed("nodes", nodes, [...new Set(ids)]);
	}
}
