/** A second Worker: it steers orders of the service by the class's helpers, over the binding. */
import type * as z from "zod";
import { type WorkflowEnv, WorkflowError } from "../../../src/library";
import { OrderWorkflow } from "../../../src/workflows/examples/order-workflow";

type OrderInput = z.input<typeof OrderWorkflow.payload>;

/** What `POST /` asks for; what comes in is not checked here, so that the service must. */
export type ShopRequest =
	| { do: "create"; id: string; payload: OrderInput }
	| { do: "approve"; id: string; payload: { approved: boolean; by?: string } }
	| { do: "track" | "pause" | "resume" | "terminate"; id: string };

export default {
	async fetch(request: Request, env: WorkflowEnv): Promise<Response> {
		try {
			return Response.json({ answer: (await handle(await request.json(), env)) ?? null });
		} catch (thrown) {
			if (!(thrown instanceof WorkflowError)) throw thrown;
			const { name, code, message, details } = thrown;
			return Response.json({ thrown: { name, code, message, details } });
		}
	},
};

async function handle(request: ShopRequest, env: WorkflowEnv) {
	const { id } = request;
	switch (request.do) {
		case "create":
			return OrderWorkflow.create(env, { id, payload: request.payload });
		case "approve":
			return OrderWorkflow.sendEvent(env, { id, event: "approval", payload: request.payload });
		case "track": {
			const { status, result, payload } = await OrderWorkflow.status(env, id);
			// Typed by the class: `result` is an `OrderResult` or null, `payload` an `OrderPayload`.
			const quantity = payload.items.reduce((sum, item) => sum + item.quantity, 0);
			return { status, quantity, outcome: result?.outcome, trackingId: result?.trackingId };
		}
		case "pause":
			return OrderWorkflow.pause(env, id);
		case "resume":
			return OrderWorkflow.resume(env, id);
		case "terminate":
			return OrderWorkflow.terminate(env, id);
	}
}
