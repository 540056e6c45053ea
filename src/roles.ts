/**
 * What an object is: an instance of a workflow, or the index shard of a type (`__index:<type>`).
 * Its name says which. Composes either from its parts, with what the place where it runs provides:
 * the Durable Object class gives the platform's, the simulation its own.
 */
import { deliverToIndex, type RunnerNamespace } from "./client/runner-client";
import type { ObjectStorage } from "./db/database";
import { IndexStore } from "./db/index-store";
import { InstanceStore } from "./db/instance-store";
import { ScheduleStore } from "./db/schedule-store";
import { ShardTables } from "./db/shard-tables";
import { checkPayload } from "./engine/input";
import { Instance } from "./engine/instance";
import type { Ports } from "./engine/ports";
import type { Program } from "./engine/program";
import { unknownType } from "./model/errors";
import { isShardName, typeOfShard } from "./model/ids";
import { unwrap } from "./model/rpc";
import { IndexShard } from "./shards/index-shard";
import { Outbox } from "./shards/outbox";
import type { ScheduledType } from "./shards/schedules";

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
		const tables = new ShardTables(storage);
		const store = new IndexStore(tables);
		const schedules = new ScheduleStore(tables);
		const type = scheduledType(typeOfShard(name), place);
		return new IndexShard({ store, schedules, type, clock, alarm, report });
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

function scheduledType(type: string, { runners, programs }: Place): ScheduledType {
	return {
		type,
		check(payload) {
			const program = programs.get(type);
			if (program === undefined) throw unknownType(type, programs.keys());
			return checkPayload(program, payload);
		},
		create: async (request) => unwrap(await runners.getByName(request.id).create(request)),
		async status(id) {
			const view = await runners.getByName(id).describe({ steps: false });
			if (!view.ok && view.error.code === "INSTANCE_NOT_FOUND") return null;
			return unwrap(view).status;
		},
		terminate: async (id, by) => unwrap(await runners.getByName(id).terminate({ by })),
	};
}
