/**
 * What an object is: an instance of a workflow, or the index shard of a type (`__index:<type>`).
 * Its name says which. Composes either from its parts, with what the place where it runs provides:
 * the Durable Object class gives the platform's, the simulation its own.
 */
import { announcement, type RunnerNamespace } from "./client/runner-client";
import { deliverToIndex, joinShard, startShardReindex } from "./client/shard-client";
import type { TypeStates } from "./client/type-states";
import type { ObjectStorage } from "./db/database";
import { InstanceStore } from "./db/instance-store";
import { ShardTables } from "./db/shard-tables";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { parseShardName, type ShardId } from "./model/ids";
import { IndexShard } from "./shards/index-shard";
import { Outbox } from "./shards/outbox";

export interface Place extends Pick<Ports, "clock" | "alarm" | "random" | "report"> {
	/** Of the object. */
	name: string;
	storage: ObjectStorage;
	/** The other objects. */
	runners: RunnerNamespace;
	programs: ReadonlyMap<string, Program>;
	/** Shared by the objects of an isolate. */
	types: TypeStates;
}

export function roleIn(place: Place): Instance | IndexShard {
	const shard = parseShardName(place.name);
	return shard === undefined ? instanceIn(place) : shardIn(place, shard);
}

function instanceIn({ storage, runners, programs, types, ...place }: Place): Instance {
	const { clock, alarm, random, report } = place;
	const ports: Ports = {
		clock,
		alarm,
		random,
		report,
		outbox: (source) => new Outbox(source, (said) => deliverToIndex(runners, said), clock),
		types: { stateOf: (type) => types.stateOf(type, runners, clock) },
	};
	return new Instance({ store: new InstanceStore(storage), programs, ports });
}

function shardIn(
	{ storage, runners, types, clock, alarm, report }: Place,
	id: ShardId,
): IndexShard {
	return new IndexShard({
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
}
