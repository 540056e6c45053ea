/**
 * The role of one object, `__types`: the names of the types that have stored definitions, as their
 * first shards tell it.
 */
import type { DirectoryStore } from "../db/directory-store";
import type { DirectoryRpc, DirectoryWord } from "../model/definition";
import { WorkflowError } from "../model/errors";
import { parseTypeName } from "../model/ids";
import { LIMITS } from "../model/limits";
import type { Handlers } from "../model/rpc";

export class Directory {
	readonly rpc: Handlers<DirectoryRpc>;
	readonly #store: DirectoryStore;

	constructor(store: DirectoryStore) {
		this.#store = store;
		this.rpc = {
			directoryWrite: (word) => this.#write(word),
			directoryList: () => store.all().map(({ type }) => type),
		};
	}

	/** Nothing here is due by itself. */
	async wake(): Promise<void> {}

	#write({ type, seq, isThere }: DirectoryWord): null {
		parseTypeName(type);
		const before = this.#store.get(type);
		if (before !== undefined && before.seq >= seq) return null;
		const isNew = isThere && before?.isThere !== 1;
		if (isNew && this.#store.all().length >= LIMITS.definedTypes) {
			throw new WorkflowError(
				"DEFINITION_LIMIT",
				`${LIMITS.definedTypes} types have definitions already. Delete one that is not used any more.`,
				{ limit: LIMITS.definedTypes },
			);
		}
		this.#store.write({ type, seq, isThere: isThere ? 1 : 0 });
		return null;
	}
}
