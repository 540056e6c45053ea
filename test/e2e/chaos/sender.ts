/**
 * The callers of the service: each instance is created and sent its mail, whether the service is
 * up or not. They keep account of what they know: a request whose connection was lost may or may
 * not have been heard, and is made again; for an event as another delivery, with an id of its own.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Reply } from "../client";
import type { PlannedInstance, PlannedMail } from "./plan";
import type { Letter } from "./worker/effects";

const RETRY_MS = 400;

export interface Delivery {
	instance: string;
	event: string;
	/** Which letter, from 1; and how often it has been sent, this time included. */
	nth: number;
	attempt: number;
	id: string;
	/** Answered with 2xx; otherwise the answer was lost. */
	accepted: boolean;
}

export class Sender {
	readonly deliveries: Delivery[] = [];
	/** Creates and events that were answered with 2xx. */
	accepted = 0;
	/** Whether there are no more kills to come. */
	isOver = false;
	readonly violations: string[] = [];
	readonly #client: Client;
	readonly #onAccepted: () => void;
	readonly #stop = new AbortController();

	/** `onAccepted` is called at once when a create or an event has been accepted. */
	constructor(client: Client, onAccepted: () => void) {
		this.#client = client;
		this.#onAccepted = onAccepted;
	}

	/** Resolves when the instance is there and has all its mail, or at `stop`. */
	async attend(instance: PlannedInstance, witness: string): Promise<void> {
		await this.#wait(instance.createAfterMs);
		await this.#create(instance, witness);
		await Promise.all(instance.mail.map((mail) => this.#sendAll(instance.id, mail)));
	}

	/** Gives up what is not sent yet. */
	stop(): void {
		this.#stop.abort();
	}

	async #create(planned: PlannedInstance, witness: string): Promise<void> {
		const { id, type, payload, delayMs: delay } = planned;
		for (let mayExist = false; !this.#stop.signal.aborted; mayExist = true) {
			const body = { type, id, payload: { ...payload, witness }, delay };
			const reply = await this.#post("/workflows", body);
			// 503: what is left of a creation that died is being cleared away.
			if (reply !== undefined && reply.status !== 503) {
				const isThere = reply.status === 201 || (reply.status === 409 && mayExist);
				if (!isThere) this.#unexpected(`create ${id}`, reply);
				return;
			}
			await this.#wait(RETRY_MS);
		}
	}

	async #sendAll(instance: string, { event, delaysMs, isEndless }: PlannedMail): Promise<void> {
		let isLast = false;
		for (let nth = 1; !isLast && !this.#stop.signal.aborted; nth++) {
			await this.#wait(delaysMs[nth % delaysMs.length] ?? 0);
			isLast = isEndless ? this.isOver : nth === delaysMs.length;
			await this.#send({ instance, event, nth }, isLast);
		}
	}

	async #send(
		letter: Pick<Delivery, "instance" | "event" | "nth">,
		isLast: boolean,
	): Promise<void> {
		const { instance, event, nth } = letter;
		for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
			const id = `${instance} ${event} ${nth}.${attempt}`;
			const delivery = { ...letter, attempt, id, accepted: false };
			this.deliveries.push(delivery);
			const body: Letter = { id, isLast };
			const reply = await this.#post(`/workflows/${instance}/events/${event}`, body);
			delivery.accepted = reply?.status === 200;
			if (delivery.accepted) return;
			if (reply !== undefined) {
				// The one before was heard after all, and was the last that was wanted.
				const isContent = reply.status === 409 && isLast && attempt > 1;
				if (!isContent) this.#unexpected(`deliver ${id}`, reply);
				return;
			}
			await this.#wait(RETRY_MS);
		}
	}

	/** Undefined: the connection was lost, before the request was heard or after. */
	async #post(path: string, body: unknown): Promise<Reply<unknown> | undefined> {
		try {
			const reply = await this.#client.post(path, body);
			if (reply.status < 300) {
				this.accepted++;
				this.#onAccepted();
			}
			return reply;
		} catch {
			return undefined;
		}
	}

	#unexpected(what: string, { status, body }: Reply<unknown>): void {
		this.violations.push(`${what} was answered ${status}: ${JSON.stringify(body)}`);
	}

	async #wait(delayMs: number): Promise<void> {
		await sleep(delayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
	}
}
