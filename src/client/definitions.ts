/** Stored definitions: storing, reading and choosing them, and which types have some. */
import {
	type DefinitionAudit,
	type DefinitionChoice,
	type DefinitionInfo,
	type DefinitionPut,
	type DefinitionReceipt,
	type DefinitionRpc,
	DIRECTORY_NAME,
	type DirectoryWord,
	type StoredDefinition,
} from "../model/definition";
import { parseTypeName, shardName } from "../model/ids";
import { type By, unwrap } from "../model/rpc";
import type { RunnerNamespace } from "./runner-client";

/** @throws {WorkflowError} `DEFINITION_EXISTS`, `DEFINITION_LIMIT`, `TYPE_REGISTERED` */
export async function putDefinition(
	runners: RunnerNamespace,
	request: DefinitionPut,
): Promise<DefinitionReceipt> {
	return unwrap(await of(runners, request.type).definitionPut(request));
}

/** @throws {WorkflowError} `DEFINITION_NOT_FOUND` */
export async function getDefinition(
	runners: RunnerNamespace,
	type: string,
	choice: DefinitionChoice = {},
): Promise<StoredDefinition> {
	return unwrap(await of(runners, type).definitionGet(choice));
}

/** Of one type, the newest first. */
export async function listDefinitions(
	runners: RunnerNamespace,
	type: string,
): Promise<DefinitionInfo[]> {
	return unwrap(await of(runners, type).definitionList());
}

/** @throws {WorkflowError} `DEFINITION_NOT_FOUND` */
export async function useDefinition(
	runners: RunnerNamespace,
	type: string,
	request: DefinitionChoice & { by?: By },
): Promise<DefinitionInfo> {
	return unwrap(await of(runners, type).definitionUse(request));
}

/** @throws {WorkflowError} `DEFINITION_IN_USE`, `DEFINITION_NOT_FOUND` */
export async function deleteDefinition(
	runners: RunnerNamespace,
	type: string,
	by?: By,
): Promise<void> {
	unwrap(await of(runners, type).definitionDelete({ by }));
}

/**
 * What was done to the definitions of a type, the newest first; also of those that are gone.
 *
 * @throws {WorkflowError} `DEFINITION_NOT_FOUND` where there never were any
 */
export async function auditDefinitions(
	runners: RunnerNamespace,
	type: string,
): Promise<DefinitionAudit[]> {
	return unwrap(await of(runners, type).definitionAudit());
}

/** The names of the types that have definitions, in their order. */
export async function definedTypes(runners: RunnerNamespace): Promise<string[]> {
	return unwrap(await runners.getByName(DIRECTORY_NAME).directoryList());
}

export async function tellDirectory(runners: RunnerNamespace, word: DirectoryWord): Promise<void> {
	unwrap(await runners.getByName(DIRECTORY_NAME).directoryWrite(word));
}

function of(runners: RunnerNamespace, type: string): DefinitionRpc {
	return runners.getByName(shardName(parseTypeName(type)));
}

/** Texts that an isolate keeps. */
const KEPT = 100;

/** The texts of definitions, as instances ask for them: a hash names one text for ever. */
export class DefinitionTexts {
	/** By hash, the latest used last. */
	readonly #texts = new Map<string, string>();

	/** @throws {WorkflowError} `DEFINITION_NOT_FOUND` */
	async textOf(runners: RunnerNamespace, type: string, hash: string): Promise<string> {
		const text = this.#texts.get(hash) ?? (await getDefinition(runners, type, { hash })).text;
		this.#texts.delete(hash);
		this.#texts.set(hash, text);
		const [oldest] = this.#texts.keys();
		if (this.#texts.size > KEPT && oldest !== undefined) this.#texts.delete(oldest);
		return text;
	}
}
