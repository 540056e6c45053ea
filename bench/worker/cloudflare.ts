/** Cloudflare Workflows: a `workflows` binding on the engine that comes with workerd's tools. */
import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { type Contestant, type Env, outcome } from "./contestant";
import { EVENT, type Result, runProgram, type Work } from "./program";

export class CloudflareWorkflow extends WorkflowEntrypoint<Env, Work> {
	override run({ payload }: Readonly<WorkflowEvent<Work>>, step: WorkflowStep): Promise<Result> {
		return runProgram(
			{
				// Its types ask for more than that the result is plain data.
				do: <T>(name: string, fn: () => Promise<T>) => step.do(name, fn as never) as Promise<T>,
				sleep: (name, ms) => step.sleep(name, ms),
				waitForEvent: (name) => step.waitForEvent(name, { type: name, timeout: "1 hour" }),
			},
			payload,
		);
	}
}

export const cloudflare: Contestant = {
	create: (env, work) => env.CLOUDFLARE.create({ id: work.id, params: work }),
	async sendEvent(env, id) {
		await (await env.CLOUDFLARE.get(id)).sendEvent({ type: EVENT, payload: null });
	},
	async result(env, id) {
		const { status, output } = await (await env.CLOUDFLARE.get(id)).status();
		return outcome(id, status, "complete", output);
	},
};
