/** What instances tell an index shard, made up; and the rows that a listing would show of them. */
import { shardName } from "../../src/model/ids";
import type { IndexRow, IndexUpdate } from "../../src/model/index-rpc";
import { unwrap } from "../../src/model/rpc";
import { runners } from "./instance";

export function update(changes: Partial<IndexUpdate> = {}): IndexUpdate {
	return { id: "a", seq: 1, status: "running", createdAt: 10, updatedAt: 10, ...changes };
}

/** Tells a shard all of these at once: they are written together. */
export async function tell(
	type: string,
	updates: readonly IndexUpdate[],
	shard = 0,
): Promise<void> {
	const stub = runners.getByName(shardName(type, shard));
	for (const answer of await Promise.all(updates.map((each) => stub.indexWrite(each)))) {
		unwrap(answer);
	}
}

export function rowOf({ id, status, createdAt, updatedAt, attributes }: IndexUpdate): IndexRow {
	const row = { id, status, createdAt, updatedAt };
	return attributes === undefined ? row : { ...row, attributes };
}
