/**
 * Stored definitions: workflows that are data. The definitions of a type are kept in its first shard,
 * each content under its hash and its version; the newest that was stored is what new instances
 * begin with. An instance carries the definition that it began with, so that none of its replays
 * meets another.
 *
 * The directory (`__types`) knows the names of the types that have definitions, for listings.
 */
import type { CatalogueEntry } from "./catalogue";
import { ValidationError, WorkflowError } from "./errors";
import { LIMITS } from "./limits";
import type { Answer, By, ChangeRequest } from "./rpc";

/** The name of the object that knows which types have definitions. */
export const DIRECTORY_NAME = "__types";

/** A definition's content, as it was submitted, with what it says of itself. */
export interface Definition {
	type: string;
	/** Of the content (SHA-256 of its canonical JSON, hexadecimal): white space does not count. */
	hash: string;
	/** As the author calls it: `1.2.0`. */
	version: string;
	/** For people. */
	name: string;
	description: string | null;
	text: string;
}

/** A stored definition, without its content. */
export interface DefinitionInfo extends Omit<Definition, "text"> {
	/** Whether new instances begin with it. */
	isCurrent: boolean;
	bytes: number;
	storedAt: number;
	/** Who stored it, and why. */
	actor: string;
	reason: string | null;
}

export interface StoredDefinition extends DefinitionInfo {
	text: string;
}

/**
 * What is done to a type's definitions: one is stored, or submitted (stored, to run it at once), is
 * made the current one, or all are deleted. `withdraw` is the service's own: it had no room for the
 * type.
 */
export const DEFINITION_ACTIONS = ["store", "submit", "use", "delete", "withdraw"] as const;
export type DefinitionAction = (typeof DEFINITION_ACTIONS)[number];

/** An entry of the audit. */
export interface DefinitionAudit {
	at: number;
	action: DefinitionAction;
	actor: string;
	reason: string | null;
	/** Of the definition that it was about; where all went: of the one that was current. */
	version: string;
	hash: string;
	/** The request's idempotency key. */
	key: string | null;
}

/** Makes a definition the current one of its type. */
export interface DefinitionPut extends Definition {
	/** Default `"store"`. */
	action?: "store" | "submit" | undefined;
	/** Whether its version may take the place of another content's. */
	replace?: boolean | undefined;
	by?: By | undefined;
}

/** `created`: its content was not there before. A repeat of a request changes nothing. */
export interface DefinitionReceipt {
	definition: DefinitionInfo;
	created: boolean;
}

/** Which one: by hash or version; neither: the current one. */
export interface DefinitionChoice {
	hash?: string | undefined;
	version?: string | undefined;
}

/** What a type's first shard answers about definitions. */
export interface DefinitionRpc {
	/** @throws `DEFINITION_EXISTS`, `DEFINITION_LIMIT`, `TYPE_REGISTERED`, `IDEMPOTENCY_CONFLICT` */
	definitionPut(request: DefinitionPut): Promise<Answer<DefinitionReceipt>>;
	/** @throws `DEFINITION_NOT_FOUND` */
	definitionGet(choice: DefinitionChoice): Promise<Answer<StoredDefinition>>;
	/** The newest first. */
	definitionList(): Promise<Answer<DefinitionInfo[]>>;
	/** The newest first; also of definitions that are gone. @throws `DEFINITION_NOT_FOUND` where there were none */
	definitionAudit(): Promise<Answer<DefinitionAudit[]>>;
	/** New instances begin with this one from now on. @throws `DEFINITION_NOT_FOUND`, `IDEMPOTENCY_CONFLICT` */
	definitionUse(
		request: DefinitionChoice & { by?: By | undefined },
	): Promise<Answer<DefinitionInfo>>;
	/**
	 * Forgets all of them, but not their audit.
	 *
	 * @throws `DEFINITION_IN_USE`, `DEFINITION_NOT_FOUND`, `IDEMPOTENCY_CONFLICT`
	 */
	definitionDelete(request: ChangeRequest): Promise<Answer<null>>;
}

/** What the directory is told; of two words about a type, the one with the larger `seq` holds. */
export interface DirectoryWord {
	type: string;
	seq: number;
	isThere: boolean;
}

/** The directory's object. */
export interface DirectoryRpc {
	/** @throws `DEFINITION_LIMIT`: there are as many types as may be. */
	directoryWrite(word: DirectoryWord): Promise<Answer<null>>;
	/** The names, in their order. */
	directoryList(): Promise<Answer<string[]>>;
}

/** @throws {ValidationError} for what is no choice. */
export function parseChoice({ hash, version }: DefinitionChoice): DefinitionChoice {
	if (hash !== undefined && !/^[0-9a-f]{64}$/.test(hash)) {
		throw new ValidationError("A definition's hash is 64 hexadecimal digits.", { path: "hash" });
	}
	if (version !== undefined && (version === "" || version.length > LIMITS.versionLength)) {
		throw new ValidationError(
			`A definition's version has 1 to ${LIMITS.versionLength} characters, as 1.2.0.`,
			{ path: "version" },
		);
	}
	return { hash, version };
}

export function definitionNotFound(
	type: string,
	{ hash, version }: DefinitionChoice,
): WorkflowError {
	const which = hash ?? version;
	return new WorkflowError(
		"DEFINITION_NOT_FOUND",
		which === undefined
			? `No definition is stored for "${type}".`
			: `No definition "${which}" of "${type}" is stored.`,
	);
}

/** What a service can say of definitions as texts, without running them: `graphs()` of the library. */
export interface DefinitionFormat {
	/** @throws {DefinitionFaults} with all of them. */
	read(text: string): Promise<Definition>;
	/** What the catalogue says of the type. */
	entry(definition: Pick<Definition, "hash" | "text">): CatalogueEntry;
	/** The ids of the nodes that it uses. */
	nodesOf(text: string): string[];
	/** The types whose instances it starts; of one that is known as it runs only, the expression. */
	startsOf(text: string): string[];
	/** Of the format, for editors: JSON Schema. */
	schema(): Record<string, unknown>;
	/** The nodes that there are: plain JSON. */
	nodes(): Record<string, unknown>[];
}

/** A fault in a submitted text. */
export interface Fault {
	/** JSON pointer (RFC 6901); "" is the document. */
	path: string;
	message: string;
	/** From 1; of the value, or of the key where the key is at fault. */
	line: number;
	column: number;
}

/** A text that is no definition. `details.issues` are all its faults. */
export class DefinitionFaults extends ValidationError {
	constructor(readonly faults: readonly Fault[]) {
		const [first] = faults;
		const where =
			first === undefined ? "" : ` Line ${first.line}, column ${first.column}: ${first.message}`;
		const count = faults.length === 1 ? "one fault" : `${faults.length} faults`;
		super(`The definition has ${count}.${where}`, { issues: faults });
	}
}
