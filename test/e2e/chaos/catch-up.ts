/**
 * Looks at all instances until each has gone on since it was last looked at: it has parked, or has
 * recorded something. The status answers tell the ledger which rows are there.
 */
import type { WorkflowStatusResponse } from "../../../src/library";
import type { Client } from "../client";
import { madeEffects } from "./expected";
import type { Ledger } from "./ledger";
import type { PlannedInstance } from "./plan";

/** An instance that has not gone on by then is left to the end of the run to judge. */
const PATIENCE_MS = 20_000;
const AT_ONCE = 10;

export class CatchUp {
	readonly #client: Client;
	readonly #ids: string[];
	readonly #ledger: Ledger;
	/** By instance, how much it had recorded when it was last looked at. */
	readonly #recorded = new Map<string, number>();

	constructor(client: Client, instances: PlannedInstance[], ledger: Ledger) {
		this.#client = client;
		this.#ids = instances.map(({ id }) => id);
		this.#ledger = ledger;
	}

	async wait(): Promise<void> {
		const deadline = performance.now() + PATIENCE_MS;
		const waiting = [...this.#ids];
		while (waiting.length > 0 && performance.now() < deadline) {
			const some = waiting.splice(0, AT_ONCE);
			const haveGoneOn = await Promise.all(some.map((id) => this.#look(id)));
			waiting.push(...some.filter((_, index) => !haveGoneOn[index]));
		}
	}

	async #look(id: string): Promise<boolean> {
		// A connection of the time before the kill may be lost only now.
		const reply = await this.#client
			.get<WorkflowStatusResponse>(`/workflows/${id}`)
			.catch(() => undefined);
		if (reply?.status !== 200) return reply !== undefined; // not created yet
		const { body } = reply;
		for (const { key, receipt } of madeEffects(body)) this.#ledger.know(`${id}/${key}`, receipt);
		const before = this.#recorded.get(id) ?? 0;
		const recorded = recordedBy(body);
		this.#recorded.set(id, Math.max(before, recorded));
		return recorded > before || (body.status !== "running" && body.reason === null);
	}
}

/** Grows with every row, ended attempt and outcome. */
function recordedBy({ steps }: WorkflowStatusResponse): number {
	const rows = steps.filter(({ status }) => status !== "running");
	return rows.reduce((sum, { attempts, completedAt }) => {
		return sum + 1 + attempts + (completedAt === null ? 0 : 1);
	}, 0);
}
