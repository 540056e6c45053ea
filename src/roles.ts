/**
 * What an object is: an instance of a workflow, or the index shard of a type (`__index:<type>`).
 * Its name says which. Composes either from its parts, with what the place where it runs provides:
 * the Durable Object class gives the platform's, the simulation its own.
 */
import { announcement, type RunnerNamespace } from "./client/runner-client";
import { deliverToIndex, joinShard, startShardReindex } from "./client/shard-client";
import type { TypeStates } from "./client/type-states";
import type { ObjectStorage } from "./db/database";
import { HistoryStore } from "./db/history-store";
import { InstanceStore } from "./db/instance-store";
import { ShardTables } from "./db/shard-tables";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { ValidationError, WorkflowError } from "./model/errors";
import { parseShardName, type ShardId } from "./model/ids";
import { type Answer, answer, type Handlers, type InstanceRpc, type ShardRpc } from "./model/rpc";
import { IndexShard } from "./shards/index-shard";
import { Outbox } from "./shards/outbox";

export interface Place extends Pick<Ports, "clock" | "alarm" | "random" | "report" | "empty"> {
	/** Of the object. */
	name: string;
	storage: ObjectStorage;
	/** The other objects. */
	runners: RunnerNamespace;
	programs: ReadonlyMap<string, Program>;
	/** Shared by the objects of an isolate. */
	types: TypeStates;
}

export type RunnerRpc = InstanceRpc & ShardRpc;

/** An object in one of its roles. */
export interface Role {
	readonly kind: RoleKind;
	readonly rpc: Partial<Handlers<RunnerRpc>>;
	/** The alarm. */
	wake(): Promise<void>;
}

export type RoleKind = "instance" | "index shard";

/** Whose each RPC method is. */
const ROLE_OF: Record<keyof RunnerRpc, RoleKind> = {
	create: "instance",
	deliverEvent: "instance",
	pause: "instance",
	resume: "instance",
	terminate: "instance",
	restart: "instance",
	repair: "instance",
	remove: "instance",
	describe: "instance",
	announce: "instance",
	indexWrite: "index shard",
	indexList: "index shard",
	indexStats: "index shard",
	joinShard: "index shard",
	typeState: "index shard",
	changeType: "index shard",
	startReindex: "index shard",
	reindexProgress: "index shard",
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
			const message = `This object is an ${role.kind}, not an ${ROLE_OF[method]}.`;
			throw role.kind === "instance"
				? new ValidationError(message)
				: new WorkflowError("INSTANCE_NOT_FOUND", message);
		}
		const handlers = role.rpc as Record<string, (request: unknown) => unknown>;
		return handlers[method]?.(request);
	});
}

export function roleIn(place: Place): Role {
	const shard = parseShardName(place.name);
	return shard === undefined ? instanceIn(place) : shardIn(place, shard);
}

function instanceIn({ storage, runners, programs, types, ...place }: Place): Role {
	const { clock, alarm, random, report, empty } = place;
	const ports: Ports = {
		clock,
		alarm,
		random,
		empty,
		report,
		outbox: (source) => new Outbox(source, (said) => deliverToIndex(runners, said), clock),
		types: { stateOf: (type) => types.stateOf(type, runners, clock) },
	};
	const instance = new Instance({
		store: new InstanceStore(storage),
		history: new HistoryStore(storage),
		programs,
		ports,
	});
	return { kind: "instance", rpc: instance, wake: () => instance.wake() };
}

function shardIn({ storage, runners, types, ...place }: Place, id: ShardId): Role {
	const { clock, alarm, report } = place;
	const shard = new IndexShard({
		id,
		tables: new ShardTables(storage),
		clock,
		alarm,
		report,
		typeChanged: (state) => types.changed(id.type, state, clock.now()),
		calls: {
			announce: (instance) => announcement(runners, instance),
			joinShard: (own) => joinShard(runners, own),
			startReindex: (other, request) => startShardReindex(runners, other, request),
		},
	});
	return { kind: "index shard", rpc: shard.rpc, wake: () => shard.wake() };
}
