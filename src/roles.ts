/**
 * What an object is: an instance of a workflow, or the index shard of a type (`__index:<type>`).
 * Its name says which. Composes either from its parts, with what the place where it runs provides:
 * the Durable Object class gives the platform's, the simulation its own.
 */
import {
	deliverToGuard,
	deliverToIndex,
	offerSlot,
	type RunnerNamespace,
	takeSlot,
} from "./client/runner-client";
import type { ObjectStorage } from "./db/database";
import { GuardStore } from "./db/guard-store";
import { HistoryStore } from "./db/history-store";
import { IndexStore } from "./db/index-store";
import { InstanceStore } from "./db/instance-store";
import { ShardTables } from "./db/shard-tables";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { ValidationError, WorkflowError } from "./model/errors";
import { isShardName, typeOfShard } from "./model/ids";
import { type Answer, answer, type Handlers, type InstanceRpc, type ShardRpc } from "./model/rpc";
import { isTerminal } from "./model/status";
import { IndexShard } from "./shards/index-shard";
import { Outbox } from "./shards/outbox";

export interface Place extends Pick<Ports, "clock" | "alarm" | "random" | "report" | "empty"> {
	/** Of the object. */
	name: string;
	storage: ObjectStorage;
	/** The other objects. */
	runners: RunnerNamespace;
	programs: ReadonlyMap<string, Program>;
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
	slot: "instance",
	indexWrite: "index shard",
	indexList: "index shard",
	takeSlot: "index shard",
	returnSlot: "index shard",
	guardState: "index shard",
	changeLimits: "index shard",
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

/**
 * How long the index may be behind on purpose: an instance that ends sooner, or only wakes and
 * sleeps again, costs the shard one write instead of two.
 */
const SETTLE_MS = 50;

export function roleIn(place: Place): Role {
	if (isShardName(place.name)) {
		const shard = shardIn(place);
		return { kind: "index shard", rpc: shard.rpc, wake: () => shard.wake() };
	}
	const instance = instanceIn(place);
	return { kind: "instance", rpc: instance, wake: () => instance.wake() };
}

function shardIn({ name, storage, runners, programs, clock, alarm, report }: Place): IndexShard {
	const tables = new ShardTables(storage);
	const type = typeOfShard(name);
	return new IndexShard({
		type,
		store: new IndexStore(tables),
		guardStore: new GuardStore(tables),
		declared: () => programs.get(type) ?? null,
		ask: (offer) => offerSlot(runners, offer),
		clock,
		alarm,
		report,
	});
}

function instanceIn({ storage, runners, programs, ...place }: Place): Instance {
	const { clock, alarm, random, report, empty } = place;
	const ports: Ports = {
		...{ clock, alarm, random, report, empty },
		outbox: (source) =>
			new Outbox({
				source,
				deliver: ({ type, update }) => deliverToIndex(runners, type, update),
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
	};
	return new Instance({
		store: new InstanceStore(storage),
		history: new HistoryStore(storage),
		programs,
		ports,
	});
}
