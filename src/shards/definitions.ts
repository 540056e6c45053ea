/**
 * The stored definitions of a type, a part of its first shard (`model/definition.ts`).
 *
 * - N1 A content is stored once, and a version names one content: what an author has seen under a
 *   version is what runs under it, unless they replace it in so many words.
 * - N2 A change and its row in the audit are one write, and a request is carried out once for its
 *   idempotency key: one that comes late undoes nothing that was done since.
 * - N3 The directory is told in order, and until it has acknowledged, an alarm is set, in the write
 *   that made it necessary (G4).
 */
import type {
	DefinitionAbout,
	DefinitionAuditRow,
	DefinitionChange,
	DefinitionStore,
} from "../db/definition-store";
import { parseBy } from "../model/by";
import {
	type Definition,
	type DefinitionAction,
	type DefinitionAudit,
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
import { idempotencyConflict, WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { Clock } from "../model/ports";
import type { By, ChangeRequest, Handlers } from "../model/rpc";
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

/** A change as it is asked for; by `request`, a repeat is known. */
interface Asked {
	action: DefinitionAction;
	by: By | undefined;
	request: Readonly<Record<string, unknown>>;
}

const WITHDRAWAL: Asked = {
	action: "withdraw",
	by: { actor: "service", reason: "as many types have definitions as may" },
	request: {},
};

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
			definitionAudit: () => this.#audit(),
			definitionUse: ({ by, ...choice }) => this.#use(choice, by),
			// An older client sends nothing.
			definitionDelete: (request?: ChangeRequest) => this.#delete(request?.by),
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

	async #put({ by, replace = false, ...given }: DefinitionPut): Promise<DefinitionReceipt> {
		const { action = "store", ...definition } = given;
		const { type, clock, isRegistered, check } = this.#settings;
		const asked = { action, by: parseBy(by), request: { hash: definition.hash, replace } };
		const before = this.#before(asked);
		if (before !== undefined) return this.#storedBefore(definition, before);
		if (isRegistered) throw typeRegistered(type);
		check(definition);
		const rows = this.#all();
		const same = rows.find(({ hash }) => hash === definition.hash);
		const namesake = rows.find(({ version }) => version === definition.version);
		if (namesake !== undefined && namesake !== same && !replace) throw versionTaken(type, namesake);
		let row = same;
		if (row === undefined || namesake !== same) {
			const seq = (rows[0]?.seq ?? 0) + 1;
			row = { seq, ...aboutOf(definition, asked.by), storedAt: clock.now() };
		}
		const isNew = row !== same;
		const replaced = isNew ? [same, namesake].filter((each) => each !== undefined) : [];
		const kept = rows.filter((each) => !replaced.includes(each));
		const oldest = isNew ? kept.slice(LIMITS.definitionsKept - 1) : [];
		const removed = [...replaced, ...oldest].map(({ seq }) => seq);
		const { place } = this.#settings.store;
		const directorySeq = place.definition === null ? place.directorySeq + 1 : place.directorySeq;
		this.#write({
			...(isNew ? { added: { ...row, text: definition.text } } : {}),
			removed: [...new Set(removed)],
			place: { ...place, definition: row.seq, directorySeq },
			noted: this.#noted(asked, row),
		});
		await this.#requireAnnounced();
		return { definition: this.#info(row), created: same === undefined };
	}

	/** What a repeat is answered: as the content is stored, or was, if it is gone meanwhile. */
	async #storedBefore(
		definition: Definition,
		{ at: storedAt, actor, reason }: DefinitionAuditRow,
	): Promise<DefinitionReceipt> {
		const { type } = this.#settings;
		await this.#requireAnnounced();
		const row = this.#all().find(({ hash }) => hash === definition.hash);
		if (row !== undefined) return { definition: this.#info(row), created: false };
		const about = { ...aboutOf(definition, undefined), storedAt, actor, reason };
		return { definition: { type, ...about, isCurrent: false }, created: false };
	}

	#use(choice: DefinitionChoice, by: By | undefined): DefinitionInfo {
		const { hash, version } = parseChoice(choice);
		const asked: Asked = { action: "use", by: parseBy(by), request: { hash, version } };
		const before = this.#before(asked);
		const row = this.#find(choice);
		if (before !== undefined) return this.#info(row);
		this.#write({
			removed: [],
			place: { ...this.#settings.store.place, definition: row.seq },
			noted: this.#noted(asked, row),
		});
		return this.#info(row);
	}

	async #delete(by: By | undefined): Promise<null> {
		const { type, store, hasInstances } = this.#settings;
		const asked: Asked = { action: "delete", by: parseBy(by), request: {} };
		if (this.#before(asked) === undefined) {
			const { current, place } = store;
			if (current === null) throw definitionNotFound(type, {});
			if (hasInstances()) throw inUse(type);
			this.#write({
				removed: this.#all().map(({ seq }) => seq),
				place: { ...place, definition: null, directorySeq: place.directorySeq + 1 },
				noted: this.#noted(asked, current),
			});
		}
		await this.#requireAnnounced();
		return null;
	}

	/** Also of a type whose definitions are gone. */
	#audit(): DefinitionAudit[] {
		const { type, store } = this.#settings;
		const rows = store.audit();
		// Definitions that were stored before there was an audit have none.
		if (rows.length === 0 && store.place.definition === null) throw definitionNotFound(type, {});
		return rows.map(({ seq: _seq, request: _request, ...entry }) => entry);
	}

	/**
	 * When this was asked for before, under the same idempotency key.
	 *
	 * @throws {WorkflowError} `IDEMPOTENCY_CONFLICT` when the key was used for another change.
	 */
	#before({ action, by, request }: Asked): DefinitionAuditRow | undefined {
		if (by?.key === undefined) return undefined;
		const before = this.#settings.store.auditOf(by.key);
		if (before === undefined) return undefined;
		if (before.action === action && before.request === JSON.stringify(request)) return before;
		throw idempotencyConflict(by.key, `to ${before.action} definition ${before.version}`);
	}

	#noted({ action, by, request }: Asked, about: DefinitionAbout): DefinitionChange["noted"] {
		const { version, hash } = about;
		const row = {
			...{ at: this.#settings.clock.now(), action, ...whoOf(by) },
			...{ version, hash, key: by?.key ?? null, request: JSON.stringify(request) },
		};
		return { row, rowsMax: LIMITS.definitionAuditRows };
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
		const { current, place } = this.#settings.store;
		const { directorySeq } = place;
		this.#write({
			removed: this.#all().map(({ seq }) => seq),
			place: { definition: null, directorySeq, directoryAckedSeq: directorySeq },
			// They may have been deleted meanwhile.
			...(current === null ? {} : { noted: this.#noted(WITHDRAWAL, current) }),
		});
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

function whoOf(by: By | undefined): { actor: string; reason: string | null } {
	return { actor: by?.actor ?? "api", reason: by?.reason ?? null };
}

function aboutOf({ hash, version, name, description, text }: Definition, by: By | undefined) {
	const bytes = new TextEncoder().encode(text).byteLength;
	return { hash, version, name, description, bytes, ...whoOf(by) };
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
