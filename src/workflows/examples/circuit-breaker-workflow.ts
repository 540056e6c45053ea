/**
 * A call of a service that may be down. After five failures in a row, over all instances, it is
 * not called any more for half a minute: the answer then comes from a cache.
 */
import * as z from "zod";
import { Workflow } from "../../library";

const Input = z.object({ serviceIsDown: z.boolean().default(false) }).nullish();

export const circuitBreakerWorkflow = Workflow.define(
	"circuit-breaker-workflow",
	(ctx) =>
		ctx
			.step("external-service-call", () => callExternalService(ctx.input?.serviceIsDown ?? false))
			.withCircuitBreaker({
				failureThreshold: 5,
				resetTimeout: 30_000,
				onOpen: (inner) =>
					inner.step("circuit-open-fallback", () => {
						inner.log("warn", "Circuit breaker open, using cached data");
						return { result: "cached-data", cached: true };
					}),
			})
			.execute(),
	{ input: Input },
);

async function callExternalService(isDown: boolean): Promise<{ result: string }> {
	if (isDown) throw new Error("Service unavailable");
	return { result: "service-data" };
}
