/**
 * What an object is: an instance of a workflow, an index shard of a type (`__index:<type>`), a bulk
 * job (`__job:<id>`), or the directory of stored definitions (`__types`). Its name says which. Composes each from its parts, with what the place
 * where it runs provides: the Durable Object class gives the platform's, the simulation its own.
 */
import { admitAttempt, reportAttempt } from "./client/breakers";
import { changeInstance } from "./client/bulk";
import { type DefinitionTexts, tellDirectory } from "./client/definitions";
import { pagesOf } from "./client/instance-pages";
import {
	announcement,
	deliverToGuard,
	offerSlot,
	type RunnerNamespace,
	takeSlot,
	tellParent,
} from "./client/runner-client";
import { deliverToIndex, joinShard, startShardReindex } from "./client/shard-client";
import type { TypeStates } from "./client/type-states";
import { withinTypes } from "./client/within-types";
import type { ObjectStorage } from "./db/database";
import { DefinitionStore } from "./db/definition-store";
import { DeliveryStore } from "./db/delivery-store";
import { DirectoryStore } from "./db/directory-store";
import { HistoryStore } from "./db/history-store";
import { InstanceStore } from "./db/instance-store";
import { JobStore } from "./db/job-store";
import { ShardTables } from "./db/shard-tables";
import {
	type Carried,
	CarriedPrograms,
	type Compile,
	type Programs,
} from "./engine/carried-programs";
import { checkPayload } from "./engine/input";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { type Reach, requireWithin } from "./model/access";
import type { JobRpc } from "./model/bulk";
import { type Definition, DIRECTORY_NAME, type DirectoryRpc } from "./model/definition";
import { unknownType, ValidationError, WorkflowError } from "./model/errors";
import { isJobName, parseShardName, type ShardId } from "./model/ids";
import {
	type Answer,
	answer,
	type Handlers,
	type InstanceRpc,
	type ShardRpc,
	unwrap,
} from "./model/rpc";
import { isTerminal } from "./model/status";
import { Job } from "./shards/bulk-job";
import { Directory } from "./shards/directory";
import { IndexShard } from "./shards/index-shard";
import { Outbox } from "./shards/outbox";
import type { ScheduledType } from "./shards/schedule-starts";

export interface Place
	extends Pick<Ports, "clock" | "alarm" | "random" | "report" | "synced" | "empty" | "post"> {
	/** Of the object. */
	name: string;
	storage: ObjectStorage;
	/** The other objects. */
	runners: RunnerNamespace;
	programs: ReadonlyMap<string, Program>;
	/** Makes programs of stored definitions. */
	compile: Compile;
	/** Shared by the objects of an isolate, as is the next. */
	types: TypeStates;
	definitions: DefinitionTexts;
}

export type RunnerRpc = InstanceRpc & ShardRpc & JobRpc & DirectoryRpc;

/** An object in one of its roles. */
export interface Role {
	readonly kind: RoleKind;
	readonly rpc: Partial<Handlers<RunnerRpc>>;
	/** Which types it is about; none, where there is nothing yet. */
	types(): readonly string[];
	/** The alarm. */
	wake(): Promise<void>;
}

export type RoleKind = "instance" | "index shard" | "bulk job" | "directory";

/** Whose each RPC method is. */
const ROLE_OF: Record<keyof RunnerRpc, RoleKind> = {
	create: "instance",
	deliverEvent: "instance",
	pause: "instance",
	resume: "instance",
	terminate: "instance",
	restart: "instance",
	repair: "instance",
	changeMetadata: "instance",
	redeliver: "instance",
	remove: "instance",
	describe: "instance",
	rest: "instance",
	inspect: "instance",
	logs: "instance",
	stream: "instance",
	announce: "instance",
	slot: "instance",
	indexWrite: "index shard",
	follow: "index shard",
	indexList: "index shard",
	indexStats: "index shard",
	joinShard: "index shard",
	typeState: "index shard",
	changeType: "index shard",
	startReindex: "index shard",
	reindexProgress: "index shard",
	takeSlot: "index shard",
	returnSlot: "index shard",
	guardState: "index shard",
	changeLimits: "index shard",
	breakerAdmit: "index shard",
	breakerReport: "index shard",
	breakerList: "index shard",
	breakerReset: "index shard",
	scheduleCreate: "index shard",
	scheduleList: "index shard",
	scheduleDescribe: "index shard",
	schedulePause: "index shard",
	scheduleResume: "index shard",
	scheduleTrigger: "index shard",
	scheduleDelete: "index shard",
	definitionPut: "index shard",
	definitionGet: "index shard",
	definitionList: "index shard",
	definitionAudit: "index shard",
	definitionUse: "index shard",
	definitionDelete: "index shard",
	directoryWrite: "directory",
	directoryList: "directory",
	jobStart: "bulk job",
	jobDescribe: "bulk job",
	jobStop: "bulk job",
};

export const RPC_METHODS = Object.keys(ROLE_OF) as (keyof RunnerRpc)[]; // keys forgets them.

/** Answers an RPC, whatever the object is. */
export function handle(
	role: Role,
	method: keyof RunnerRpc,
	request: unknown,
): Promise<Answer<unknown>> {
	return answer<unknown>(() => {
		if (role.kind !== ROLE_OF[method]) {
			const message = `This object's role is "${role.kind}", not "${ROLE_OF[method]}".`;
			throw role.kind === "instance"
				? new ValidationError(message)
				: new WorkflowError("INSTANCE_NOT_FOUND", message);
		}
		// In the stretch in which the method begins: nothing comes between.
		requireWithin((request ?? {}) as Reach, () => role.types());
		const handlers = role.rpc as Record<string, (request: unknown) => unknown>;
		return handlers[method]?.(request);
	});
}

/**
 * How long the index may be behind on purpose: an instance that ends sooner, or only wakes and
 * sleeps again, costs the shard one write instead of two.
 */
const SETTLE_MS = 50;

export function roleIn(place: Place): Role {
	const id = parseShardName(place.name);
	if (id !== undefined) {
		const shard = shardIn(place, id);
		return {
			kind: "index shard",
			rpc: shard.rpc,
			types: () => [id.type],
			wake: () => shard.wake(),
		};
	}
	if (isJobName(place.name)) {
		const job = jobIn(place);
		return { kind: "bulk job", rpc: job.rpc, types: () => job.types, wake: () => job.wake() };
	}
	if (place.name === DIRECTORY_NAME) {
		const directory = new Directory(new DirectoryStore(place.storage));
		return {
			kind: "directory",
			rpc: directory.rpc,
			types: () => [],
			wake: () => directory.wake(),
		};
	}
	const instance = instanceIn(place);
	return {
		kind: "instance",
		rpc: instance,
		types: () => instance.types,
		wake: () => instance.wake(),
	};
}

function shardIn({ storage, runners, types, ...place }: Place, id: ShardId): IndexShard {
	const { clock, alarm, random, report, compile, programs: registry } = place;
	const { type } = id;
	const tables = new ShardTables(storage);
	const store = new DefinitionStore(tables);
	const isRegistered = registry.has(type);
	const programs = isRegistered
		? registry
		: new CarriedPrograms(registry, { compile, report }, currentOf(store));
	return new IndexShard({
		id,
		tables,
		scheduled: scheduledType(type, runners, programs),
		definitions: { store, isRegistered, check: checkDefinition(type, compile) },
		declared: () => programs.get(type) ?? null,
		calls: {
			askSlot: (offer) => offerSlot(runners, offer),
			announce: (instance) => announcement(runners, instance),
			tellDirectory: (word) => tellDirectory(runners, word),
			joinShard: (own) => joinShard(runners, own),
			startReindex: (other, request) => startShardReindex(runners, other, request),
		},
		typeChanged: (state) => types.changed(type, state, clock.now()),
		...{ clock, alarm, random, report },
	});
}

/** The definition with which new instances of a shard's type begin. */
function currentOf(store: DefinitionStore): Carried {
	return {
		hash: () => store.current?.hash ?? null,
		text: () => (store.current === null ? undefined : store.textOf(store.current.seq)),
	};
}

function checkDefinition(type: string, compile: Compile): (definition: Definition) => void {
	return ({ hash, text }) => {
		const program = compile({ hash, text });
		if (program.type === type) return;
		throw new ValidationError(`The definition is one of "${program.type}", not of "${type}".`, {
			path: "id",
		});
	};
}

const GONE: readonly string[] = ["INSTANCE_NOT_FOUND", "FORBIDDEN"];

function scheduledType(type: string, runners: RunnerNamespace, programs: Programs): ScheduledType {
	// Another type's instance that has the id of one that is gone is left alone.
	const own = withinTypes(runners, [type]);
	return {
		check(payload) {
			const program = programs.get(type);
			if (program === undefined) throw unknownType(type, programs.keys());
			return checkPayload(program, payload);
		},
		create: async (request) => unwrap(await runners.getByName(request.id).create(request)),
		async status(id) {
			const view = await own.getByName(id).describe({ steps: false });
			if (!view.ok && GONE.includes(view.error.code)) return null;
			return unwrap(view).status;
		},
		terminate: async (id, by) => unwrap(await own.getByName(id).terminate({ by })),
	};
}

function jobIn({ storage, runners, clock, alarm, empty, report }: Place): Job {
	return new Job({
		store: new JobStore(storage),
		readPage: pagesOf(runners),
		change: (id, change) => changeInstance(runners, id, change),
		...{ clock, alarm, empty, report },
	});
}

function instanceIn({ storage, runners, types, ...place }: Place): Instance {
	const { clock, alarm, random, report, synced, empty, post } = place;
	const { programs, compile, definitions } = place;
	const ports: Ports = {
		...{ clock, alarm, random, report, synced, empty, post },
		outbox: (source) =>
			new Outbox({
				source,
				deliver: (said) => deliverToIndex(runners, said),
				// A final status changes no more.
				settleMs: ({ update }) => (isTerminal(update.status) ? 0 : SETTLE_MS),
				clock,
			}),
		slotOutbox: (source) =>
			new Outbox({
				source,
				deliver: (message) => deliverToGuard(runners, message),
				settleMs: () => 0,
				clock,
			}),
		takeSlot: (type, request) => takeSlot(runners, type, request),
		breakers: {
			admit: (type, ask) => admitAttempt({ runners, clock }, type, ask),
			report: (type, report) => reportAttempt({ runners, clock }, type, report),
		},
		types: { stateOf: (type) => types.stateOf(type, runners, clock) },
		tellParent: ({ id, event }, end, by) => tellParent(runners, { id, event, payload: end, by }),
		definitions: { text: (type, hash) => definitions.textOf(runners, type, hash) },
	};
	return new Instance({
		store: new InstanceStore(storage),
		history: new HistoryStore(storage),
		deliveries: new DeliveryStore(storage),
		programs,
		compile,
		ports,
	});
}
