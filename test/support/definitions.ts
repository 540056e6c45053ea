/** Definitions of tests (`lab.ts`), stored as an author stores them. */
import { putDefinition } from "../../src/client/definitions";
import type { DefinitionPut, DefinitionReceipt } from "../../src/model/definition";
import { runners } from "./instance";
import type { ToyDefinition } from "./lab";

let types = 0;

export function definedType(): string {
	return `defined-${++types}`;
}

/** The hash of a text, as 64 digits: tests need no more of it than that it differs. */
export async function hashOf(text: string): Promise<string> {
	const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
	return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function definition(
	{ version = "1.0.0", ...toy }: ToyDefinition & { version?: string },
	options: Pick<DefinitionPut, "action" | "replace" | "by"> = {},
): Promise<DefinitionPut> {
	const text = JSON.stringify(toy);
	const about = { type: toy.type, version, name: toy.type, description: null };
	return { ...about, hash: await hashOf(text), text, ...options };
}

export async function store(
	toy: ToyDefinition & { version?: string },
	options: Pick<DefinitionPut, "action" | "replace" | "by"> = {},
): Promise<DefinitionReceipt> {
	return putDefinition(runners, await definition(toy, options));
}
