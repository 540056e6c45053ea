/**
 * Why an instance is not moving, or what it is doing, in sentences, with the command that would move
 * it where there is one.
 */
import {
	isTerminal,
	type StepInfo,
	type TypeInfo,
	type WorkflowStatusResponse,
} from "../service-client/answers";
import { count, duration, momentFrom } from "./words";

/** A step function that runs for longer than this is worth a remark. */
const LONG_MS = 60_000;

export interface Circumstances {
	/** Of its type; null: it cannot be had. */
	type: Pick<TypeInfo, "status" | "guard"> | null;
	now: number;
}

/** In sentences, the most telling first. */
export function whyNotMoving(
	instance: WorkflowStatusResponse,
	{ type, now }: Circumstances,
): string[] {
	const { id, status, reason, error, wakeAt } = instance;
	if (isTerminal(status)) return [ended(instance)];
	switch (status) {
		case "created":
			return created(instance, { type, now });
		case "paused":
			return [
				`It is paused: ${reason ?? "someone asked for that"}.`,
				`workflow resume ${id} has it go on.`,
			];
		case "panicked":
			return [
				`It panicked: ${error ?? reason ?? "the system broke under it"}.`,
				wakeAt === null
					? "It does not restart by itself."
					: `It restarts by itself at ${momentFrom(wakeAt, now)}.`,
				`workflow restart ${id} has it go on now.`,
			];
		default:
			return atWork(instance, { type, now });
	}
}

function ended({ id, status, reason, error }: WorkflowStatusResponse): string {
	switch (status) {
		case "completed":
			return "It has completed: nothing is left to do.";
		case "terminated":
			return `It was terminated${reason === null ? "" : `: ${reason}`}. workflow restart ${id} runs it anew.`;
		default:
			return `It failed: ${error ?? reason ?? status}. workflow restart ${id} runs it anew, with --from <step> from that step.`;
	}
}

function created(
	{ wakeAt, reason }: WorkflowStatusResponse,
	{ type, now }: Circumstances,
): string[] {
	if (wakeAt !== null) return [`It is to start at ${momentFrom(wakeAt, now)}.`];
	return [`It has not started: ${reason ?? "it is about to"}.`, ...crowd(type)];
}

/** How full its type is. */
function crowd(type: Circumstances["type"]): string[] {
	if (type === null) return [];
	const { held, queued, limits } = type.guard;
	const most = limits.limit === null ? "" : ` of ${limits.limit}`;
	return [
		`Of its type, ${held}${most} are at work and ${count(queued, "execution")} wait for a slot.`,
	];
}

function atWork(instance: WorkflowStatusResponse, { type, now }: Circumstances): string[] {
	const { reason, wakeAt, steps } = instance;
	const said = steps.flatMap((step) => ofStep(step, instance, now));
	if (reason !== null) said.unshift(`${sentence(reason)}`);
	if (instance.status === "waiting") said.push(...(reason === null ? kept(instance) : crowd(type)));
	if (said.length > 0) return said;
	return [
		wakeAt === null
			? "It runs its own code between two steps."
			: `It goes on at ${momentFrom(wakeAt, now)}.`,
	];
}

/** Of a wait, perhaps the event came under another name. */
function kept({ audit = [] }: WorkflowStatusResponse): string[] {
	const events = audit.filter(({ action, detail }) => action === "event" && !detail?.step);
	const names = new Set(events.map(({ detail }) => JSON.stringify(detail?.event)));
	return names.size === 0
		? []
		: [`It keeps events that no step waits for: ${[...names].join(", ")}.`];
}

function ofStep(step: StepInfo, { id }: WorkflowStatusResponse, now: number): string[] {
	const { key, status, wakeAt, startedAt, attempts, error } = step;
	switch (status) {
		case "running": {
			const ran = now - startedAt;
			const long = ran > LONG_MS ? " Only its own code knows what it waits for." : "";
			return [`The step "${key}" runs: attempt ${attempts}, begun ${duration(ran)} ago.${long}`];
		}
		case "retrying":
			return [
				`The step "${key}" failed ${attempts === 1 ? "once" : `${attempts} times`}, with: ${error}. It is tried again ${wakeAt === null ? "soon" : `at ${momentFrom(wakeAt, now)}`}; workflow repair ${id} retry-now ${key} tries now.`,
			];
		case "handling":
			return [`The step "${key}" failed, and its handler is at work: ${error}.`];
		case "sleeping":
			return [
				`The step "${key}" sleeps until ${wakeAt === null ? "something else ends it" : momentFrom(wakeAt, now)}. workflow repair ${id} fire-sleep ${key} ends that now.`,
			];
		case "waiting": {
			const until = wakeAt === null ? "without a timeout" : `until ${momentFrom(wakeAt, now)}`;
			const event = step.event ?? step.name;
			return [
				`The step "${key}" waits for the event "${event}", ${until}. workflow event ${id} ${event} '{…}' sends it.`,
			];
		}
		default:
			return [];
	}
}

function sentence(text: string): string {
	const end = /[.!?]$/.test(text) ? "" : ".";
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
}
