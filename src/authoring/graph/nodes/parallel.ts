/**
 * `parallel`: each of its routes but `done?` and `error?` is a branch; they run side by side, and it
 * goes on when all have ended.
 */
import * as z from "zod";
import { ControlNode, type Flow } from "../control";
import type { Outcome } from "../outcome";

const config = z.strictObject({ onError: z.enum(["fail-fast", "wait-all"]).default("fail-fast") });
const OTHERS = new Set(["done", "error"]);

export class ParallelNode extends ControlNode {
	readonly metadata = {
		id: "parallel",
		name: "Parallel",
		description:
			"Runs its routes side by side. `fail-fast`: the first error stops the others; `wait-all`: all end.",
		version: "1.0.0",
		config,
	};
	override readonly returning = "all";

	async run(flow: Flow): Promise<Outcome> {
		const { onError } = await flow.config();
		const branches = [...flow.place.edges.keys()].filter((edge) => !OTHERS.has(edge));
		const ends = await flow.branches(branches, onError);
		return flow.record(() => ({ edge: "done", output: ends }));
	}
}
