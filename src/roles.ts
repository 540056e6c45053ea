/**
 * What an object is: an instance of a workflow, or the index shard of a type (`__index:<type>`).
 * Its name says which. Composes either from its parts, with what the place where it runs provides:
 * the Durable Object class gives the platform's, the simulation its own.
 */
import { deliverToIndex, type RunnerNamespace } from "./client/runner-client";
import type { ObjectStorage } from "./db/database";
import { IndexStore } from "./db/index-store";
import { InstanceStore } from "./db/instance-store";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { isShardName } from "./model/ids";
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

export function roleIn(place: Place): Instance | IndexShard {
	const { name, storage, runners, programs, clock } = place;
	const { alarm, report } = place;
	if (isShardName(name)) {
		return new IndexShard({ store: new IndexStore(storage), clock, alarm, report });
	}
	const ports: Ports = {
		clock,
		alarm,
		random: place.random,
		report,
		outbox: (source) =>
			new Outbox(source, (type, update) => deliverToIndex(runners, type, update), clock),
	};
	return new Instance({ store: new InstanceStore(storage), programs, ports });
}
