/**
 * The stored definitions of a type, a part of its first shard (`model/definition.ts`).
 *
 * - N1 A content is stored once, and a version names one content: what an author has seen under a
 *   version is what runs under it, unless they replace it in so many words.
 * - N2 The directory is told in order, and until it has acknowledged, an alarm is set, in the write
 *   that made it necessary (G4).
 */
import type { DefinitionAbout, DefinitionChange, DefinitionStore } from "../db/definition-store";
import { parseBy } from "../model/by";
import {
	type Definition,
	type DefinitionChoice,
	type DefinitionInfo,
	type DefinitionPut,
	type DefinitionReceipt,
	type DefinitionRpc,
	type DirectoryWord,
	definitionNotFound,
	parseChoice,
	type StoredDefinition,
} from "../model/definition";
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { Clock } from "../model/ports";
import type { Handlers } from "../model/rpc";
import type { ShardPart } from "./shard-part";

export interface DefinitionSettings {
	type: string;
	store: DefinitionStore;
	clock: Clock;
	/** The type is one of the service's own: it can have no definition. */
	isRegistered: boolean;
	/** Refuses what is no definition of the type. @throws {ValidationError} with all faults */
	check(definition: Definition): void;
	/** Whether the index has instances of the type. */
	hasInstances(): boolean;
	tellDirectory(word: DirectoryWord): Promise<void>;
	/** Another one is current. */
	changed(): void;
	/** `dueAt` may be another. */
	arm(): void;
}

/** When the directory is told again after it did not answer. */
const RETRY_MS = 5_000;

export class Definitions implements ShardPart {
	readonly rpc: Handlers<DefinitionRpc>;
	readonly #settings: DefinitionSettings;
	#retryAt: number | null = null;

	constructor(settings: DefinitionSettings) {
		this.#settings = settings;
		this.rpc = {
			definitionPut: (request) => this.#put(request),
			definitionGet: (choice) => this.#stored(this.#find(choice)),
			definitionList: () => this.#all().map((row) => this.#info(row)),
			definitionUse: ({ by: _by, ...choice }) => this.#use(choice),
			definitionDelete: () => this.#delete(),
		};
	}

	dueAt(): number | null {
		const { directorySeq, directoryAckedSeq } = this.#settings.store.place;
		if (directoryAckedSeq >= directorySeq) return null;
		return this.#retryAt ?? this.#settings.clock.now() + RETRY_MS;
	}

	async wake(): Promise<void> {
		await this.#announce();
	}

	async #put({ by, replace = false, ...definition }: DefinitionPut): Promise<DefinitionReceipt> {
		const { type, store, clock, isRegistered, check } = this.#settings;
		const { actor = "api", reason = null } = parseBy(by) ?? {};
		if (isRegistered) throw typeRegistered(type);
		check(definition);
		const rows = this.#all();
		const same = rows.find(({ hash }) => hash === definition.hash);
		const namesake = rows.find(({ version }) => version === definition.version);
		if (namesake !== undefined && namesake !== same && !replace) throw versionTaken(type, namesake);
		let row = same;
		if (row === undefined || namesake !== same) {
			const { hash, version, name, description, text } = definition;
			const seq = (rows[0]?.seq ?? 0) + 1;
			const bytes = new TextEncoder().encode(text).byteLength;
			const about = { seq, hash, version, name, description, bytes };
			row = { ...about, storedAt: clock.now(), actor, reason };
		}
		const isNew = row !== same;
		const replaced = isNew ? [same, namesake].filter((each) => each !== undefined) : [];
		const kept = rows.filter((each) => !replaced.includes(each));
		const oldest = isNew ? kept.slice(LIMITS.definitionsKept - 1) : [];
		const removed = [...replaced, ...oldest].map(({ seq }) => seq);
		const { place } = store;
		const directorySeq = place.definition === null ? place.directorySeq + 1 : place.directorySeq;
		this.#write({
			...(isNew ? { added: { ...row, text: definition.text } } : {}),
			removed: [...new Set(removed)],
			place: { ...place, definition: row.seq, directorySeq },
		});
		await this.#requireAnnounced();
		return { definition: this.#info(row), created: same === undefined };
	}

	#use(choice: DefinitionChoice): DefinitionInfo {
		const row = this.#find(choice);
		this.#write({ removed: [], place: { ...this.#settings.store.place, definition: row.seq } });
		return this.#info(row);
	}

	async #delete(): Promise<null> {
		const { type, store, hasInstances } = this.#settings;
		if (store.place.definition === null) throw definitionNotFound(type, {});
		if (hasInstances()) throw inUse(type);
		const { place } = store;
		const directorySeq = place.directorySeq + 1;
		const removed = this.#all().map(({ seq }) => seq);
		this.#write({ removed, place: { ...place, definition: null, directorySeq } });
		await this.#requireAnnounced();
		return null;
	}

	#write(change: DefinitionChange): void {
		const { store, arm, changed } = this.#settings;
		store.write(change);
		changed();
		arm();
	}

	/** The caller is to find it in listings at once. */
	async #requireAnnounced(): Promise<void> {
		if (await this.#announce()) return;
		throw new WorkflowError(
			"TRY_AGAIN",
			"What was asked for is stored, and listings will show it soon: the directory of types did not answer. Ask again to be sure; nothing is stored twice.",
		);
	}

	async #announce(): Promise<boolean> {
		const { type, store, clock, tellDirectory, arm } = this.#settings;
		const { directorySeq: seq, directoryAckedSeq, definition } = store.place;
		if (directoryAckedSeq >= seq) return true;
		try {
			await tellDirectory({ type, seq, isThere: definition !== null });
			this.#retryAt = null;
			// Another word may have come meanwhile.
			const place = { ...store.place, directoryAckedSeq: seq };
			store.write({ removed: [], place });
			return place.directorySeq === seq;
		} catch (error) {
			if (error instanceof WorkflowError && error.code === "DEFINITION_LIMIT") {
				this.#withdraw();
				throw error;
			}
			this.#retryAt = clock.now() + RETRY_MS;
			return false;
		} finally {
			arm();
		}
	}

	/** The directory has no room for the type: nothing of it stays. */
	#withdraw(): void {
		const { store } = this.#settings;
		const { directorySeq } = store.place;
		const removed = this.#all().map(({ seq }) => seq);
		const place = { definition: null, directorySeq, directoryAckedSeq: directorySeq };
		this.#write({ removed, place });
	}

	#all(): DefinitionAbout[] {
		return this.#settings.store.all();
	}

	#find(choice: DefinitionChoice): DefinitionAbout {
		const { type, store } = this.#settings;
		const { hash, version } = parseChoice(choice);
		const { definition } = store.place;
		const row = this.#all().find((each) => {
			if (hash !== undefined) return each.hash === hash;
			return version === undefined ? each.seq === definition : each.version === version;
		});
		if (row === undefined || definition === null) throw definitionNotFound(type, choice);
		return row;
	}

	#stored(row: DefinitionAbout): StoredDefinition {
		return { ...this.#info(row), text: this.#settings.store.textOf(row.seq) };
	}

	#info({ seq, ...row }: DefinitionAbout): DefinitionInfo {
		const { type, store } = this.#settings;
		return { type, ...row, isCurrent: store.place.definition === seq };
	}
}

function typeRegistered(type: string): WorkflowError {
	return new WorkflowError(
		"TYPE_REGISTERED",
		`"${type}" is a type of the service's own code. Give the definition another id.`,
	);
}

function versionTaken(type: string, { version, hash }: DefinitionAbout): WorkflowError {
	return new WorkflowError(
		"DEFINITION_EXISTS",
		`Version ${version} of "${type}" is stored with other content. Raise the version, or send ?replace=true to have this one in its place.`,
		{ version, hash },
	);
}

function inUse(type: string): WorkflowError {
	return new WorkflowError(
		"DEFINITION_IN_USE",
		`There are instances of "${type}". Delete them first (POST /workflows/cleanup), or archive the type (PATCH /types/${type}).`,
	);
}
