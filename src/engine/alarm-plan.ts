/**
 * When the one alarm of an instance is to stand (G4): the earliest of everything that is due.
 * Pure; `Instance` sets it in the write that made it necessary.
 */
import { isTerminal, type WorkflowStatus } from "../model/status";

export interface AlarmFacts {
	now: number;
	status: WorkflowStatus;
	/** The first due time of a step that waits. */
	stepsDueAt: number | null;
	deadlineAt: number | null;
	notBefore: number | null;
	/** A pass is live or still has step functions in flight; the lease says until when it is trusted. */
	leaseAt: number | null;
	/** Whether the index lacks the newest status, and when its delivery is tried again; ... */
	undelivered: { retryAt: number | null } | null;
	/** ... the same of the guard, and what the instance does about its slot. */
	slotUndelivered: { retryAt: number | null } | null;
	/** The same of the receivers of its events: whether one is being told, when one is told again. */
	events: { isUnderWay: boolean; retryAt: number | null };
	/** Paused for a reason that may go away by itself, or on its way out. */
	recheckAt: number | null;
	/** When an ended instance is forgotten. */
	expiresAt: number | null;
	/** Where the alarm stands. */
	alarmAt: number | null;
}

/** A status change that the index has not acknowledged is looked after at the latest then. */
const DELIVERY_GRACE_MS = 5_000;

/** The moment to set the alarm to; null: none is needed. */
export function planAlarm(facts: AlarmFacts): number | null {
	const { status, leaseAt, stepsDueAt, deadlineAt, notBefore, recheckAt, expiresAt } = facts;
	const delivery = earliest([
		deliveryAt(facts.undelivered, facts),
		deliveryAt(facts.slotUndelivered, facts),
		facts.events.isUnderWay ? deliveryAt({ retryAt: null }, facts) : null,
		facts.events.retryAt,
	]);
	if (isTerminal(status)) return earliest([delivery, recheckAt, expiresAt]);
	if (status === "paused") return earliest([leaseAt, recheckAt, delivery]);
	// Backed off, or panicked: what is due in between stays due, and is taken when the next pass starts.
	const isHeldBack = notBefore !== null || status === "panicked";
	if (isHeldBack) return earliest([notBefore, deadlineAt, delivery]);
	return earliest([leaseAt, stepsDueAt, deadlineAt, delivery]);
}

function deliveryAt(
	undelivered: AlarmFacts["undelivered"],
	{ alarmAt, now }: AlarmFacts,
): number | null {
	if (undelivered === null) return null;
	if (undelivered.retryAt !== null) return undelivered.retryAt;
	// Delivery takes milliseconds: an alarm that stands already (the lease) will do, unmoved.
	return alarmAt !== null && alarmAt > now && alarmAt <= now + DELIVERY_GRACE_MS
		? alarmAt
		: now + DELIVERY_GRACE_MS;
}

/** The first of several moments, some of which may not be; null: none is. */
function earliest(moments: (number | null)[]): number | null {
	let first: number | null = null;
	for (const moment of moments) {
		if (moment !== null && (first === null || moment < first)) first = moment;
	}
	return first;
}
