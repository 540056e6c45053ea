/**
 * The end of a run: every instance's status, the mail of each, and the listing, held against what
 * was asked of the service.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { LogPageInfo, WorkflowStatusResponse } from "../../../src/library";
import type { TypeListing } from "../../../src/model/http";
import type { Client } from "../client";
import { consumed, faultsOfLog, faultsOfResult, isInOrder, lostDeliveries } from "./expected";
import type { PlannedInstance } from "./plan";
import type { Delivery } from "./sender";
import type { ChaosType } from "./worker/programs";

export interface Findings {
	completed: number;
	/** Instances that are not there although their create was answered. */
	lost: number;
	/** Instances whose type's retention had run out, and that are gone as they must be. */
	forgotten: number;
	/** Instances that have not ended. */
	stuck: number;
	events: { sent: number; accepted: number; consumed: number; twice: number; lost: number };
	listingDifferences: number;
	violations: string[];
}

type Status = WorkflowStatusResponse | undefined;

/** How long the last statuses and the index may take to be as they must. */
const PATIENCE_MS = 15_000;
/** Instances of these are gone by the end, besides the time that they are kept. */
const FORGOTTEN: ChaosType[] = ["brief"];
const KEPT_MS = 20_000;

export async function judge(
	client: Client,
	instances: PlannedInstance[],
	deliveries: Delivery[],
	/** Of the instances that did as many rounds as were wanted. */
	roundsWanted: (id: string) => number,
): Promise<Findings> {
	const violations: string[] = [];
	const statuses = await lastStatuses(client, instances);
	for (const instance of instances) {
		const rounds = instance.payload.rounds ?? roundsWanted(instance.id);
		violations.push(...faultsOf(instance, statuses.get(instance.id), rounds));
		if (instance.type !== "fragile") continue;
		const log = await client.get<LogPageInfo>(`/workflows/${instance.id}/logs?limit=1000`);
		violations.push(...faultsOfLog(instance, log.body, rounds));
	}
	const all = [...statuses.values()];
	const listing = await listingDifferences(client, instances, statuses);
	return {
		completed: all.filter((status) => status?.status === "completed").length,
		lost: instances.filter(({ id, type }) => !isForgotten(type) && statuses.get(id) === undefined)
			.length,
		forgotten: instances.filter(
			({ id, type }) => isForgotten(type) && statuses.get(id) === undefined,
		).length,
		stuck: all.filter((status) => status !== undefined && status.completedAt === null).length,
		events: judgeMail(instances, statuses, deliveries, violations),
		listingDifferences: listing.length,
		violations: [...violations, ...listing],
	};
}

async function lastStatuses(
	client: Client,
	instances: PlannedInstance[],
): Promise<Map<string, Status>> {
	const statuses = new Map<string, Status>();
	const deadline = performance.now() + PATIENCE_MS + KEPT_MS;
	for (const { id, type } of instances) {
		for (;;) {
			const { status, body } = await client.get<WorkflowStatusResponse>(`/workflows/${id}`);
			statuses.set(id, status === 200 ? body : undefined);
			// Its last effect may be on its way into a row.
			const isOver = status === 200 && body.completedAt !== null && !isForgotten(type);
			if (status !== 200 || isOver || performance.now() > deadline) break;
			await sleep(50);
		}
	}
	return statuses;
}

function isForgotten(type: ChaosType): boolean {
	return FORGOTTEN.includes(type);
}

function faultsOf(instance: PlannedInstance, status: Status, rounds: number): string[] {
	const { id, type } = instance;
	if (isForgotten(type)) return status === undefined ? [] : [`${id} is ${status.status}, not gone`];
	if (status === undefined) return [`${id} is lost`];
	if (status.status === "completed") return faultsOfResult(instance, status, rounds);
	const open = status.steps.filter((step) => step.status !== "completed");
	const { reason, error, wakeAt } = status;
	const shown = JSON.stringify({ reason, error, wakeAt, steps: status.steps.length, open });
	return [`${id} is ${status.status}: ${shown}`];
}

function judgeMail(
	instances: PlannedInstance[],
	statuses: Map<string, Status>,
	deliveries: Delivery[],
	violations: string[],
): Findings["events"] {
	const timesConsumed = new Map<string, number>();
	let lost = 0;
	for (const { id, mail } of instances) {
		const status = statuses.get(id);
		for (const { event } of status === undefined ? [] : mail) {
			const sent = deliveries.filter((it) => it.instance === id && it.event === event);
			const ids = consumed(status as WorkflowStatusResponse, event);
			for (const each of ids) timesConsumed.set(each, (timesConsumed.get(each) ?? 0) + 1);
			if (!isInOrder(sent, ids)) violations.push(`${id} was given out of order: ${ids}`);
			if (status?.status !== "completed") continue;
			for (const delivery of lostDeliveries(sent, ids)) {
				lost++;
				violations.push(`${delivery.id} was accepted and never consumed`);
			}
		}
	}
	const twice = [...timesConsumed].filter(([, times]) => times > 1).map(([each]) => each);
	violations.push(...twice.map((each) => `${each} was consumed twice`));
	const accepted = deliveries.filter((delivery) => delivery.accepted).length;
	return {
		sent: deliveries.length,
		accepted,
		consumed: timesConsumed.size,
		twice: twice.length,
		lost,
	};
}

/** Each difference between what is listed and what the instances say themselves. */
async function listingDifferences(
	client: Client,
	instances: PlannedInstance[],
	statuses: Map<string, Status>,
): Promise<string[]> {
	const deadline = performance.now() + PATIENCE_MS;
	for (;;) {
		const differences: string[] = [];
		for (const type of new Set(instances.map((instance) => instance.type))) {
			const path = `/workflows?type=${type}&limit=1000`;
			const listed = (await client.get<TypeListing>(path)).body.instances;
			const truth = [...statuses.values()].filter((status) => status?.type === type);
			differences.push(...differencesOf(listed, truth));
		}
		if (differences.length === 0 || performance.now() > deadline) return differences;
		await sleep(200);
	}
}

function differencesOf(listed: TypeListing["instances"], truth: Status[]): string[] {
	const line = ({ id, status, createdAt, updatedAt }: TypeListing["instances"][number]) =>
		`${id} ${status}, ${createdAt} to ${updatedAt}`;
	const inIndex = listed.map(line);
	const own = truth.flatMap((status) => (status === undefined ? [] : [line(status)]));
	return [
		...own.filter((it) => !inIndex.includes(it)).map((it) => `not listed: ${it}`),
		...inIndex
			.filter((it, at) => !own.includes(it) || inIndex.indexOf(it) !== at)
			.map((it) => `listed: ${it}`),
	];
}
