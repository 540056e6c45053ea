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
import { IndexStore } from "./db/index-store";
import { InstanceStore } from "./db/instance-store";
import { ShardTables } from "./db/shard-tables";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { isShardName, typeOfShard } from "./model/ids";
import { isTerminal } from "./model/status";
import { IndexShard } from "./shards/index-shard";
import { Outbox } from "./shards/outbox";

export interface Place extends Pick<Ports, "clock" | "alarm" | "random" | "report"> {
	/** Of the object. */
	name: string;
	storage: ObjectStorage;
	/** The other objects. */
	runners: RunnerNamespace;
	programs: ReadonlyMap<string, Program>;
}

/**
 * How long the index may be behind on purpose: an instance that ends sooner, or only wakes and
 * sleeps again, costs the shard one write instead of two.
 */
const SETTLE_MS = 50;

export function roleIn(place: Place): Instance | IndexShard {
	return isShardName(place.name) ? shardIn(place) : instanceIn(place);
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
	const { clock, alarm, random, report } = place;
	const ports: Ports = {
		clock,
		alarm,
		random,
		report,
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
	return new Instance({ store: new InstanceStore(storage), programs, ports });
}
