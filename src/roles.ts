/**
 * What an object is: an instance of a workflow, or the index shard of a type (`__index:<type>`).
 * Its name says which. Composes either from its parts, with what the place where it runs provides:
 * the Durable Object class gives the platform's, the simulation its own.
 */
import { deliverToIndex, type RunnerNamespace } from "./client/runner-client";
import type { ObjectStorage } from "./db/database";
import { HistoryStore } from "./db/history-store";
import { IndexStore } from "./db/index-store";
import { InstanceStore } from "./db/instance-store";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { ValidationError, WorkflowError } from "./model/errors";
import { isShardName } from "./model/ids";
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
	const { name, storage, runners, programs, clock } = place;
	const { alarm, report } = place;
	if (isShardName(name)) {
		const shard = new IndexShard({ store: new IndexStore(storage), clock, alarm, report });
		return { kind: "index shard", rpc: shard.rpc, wake: () => shard.wake() };
	}
	const ports: Ports = {
		clock,
		alarm,
		random: place.random,
		empty: place.empty,
		report,
		outbox: (source) =>
			new Outbox(source, (type, update) => deliverToIndex(runners, type, update), clock),
	};
	const instance = new Instance({
		store: new InstanceStore(storage),
		history: new HistoryStore(storage),
		programs,
		ports,
	});
	return { kind: "instance", rpc: instance, wake: () => instance.wake() };
}
