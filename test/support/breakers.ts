/** Circuit breakers as tests see them. Reports reach a breaker a moment after the attempt's end. */
import { listBreakers } from "../../src/client/breakers";
import type { BreakerState } from "../../src/model/breaker-rpc";
import { runners } from "./instance";
import { clock } from "./lab";

/** Once the one breaker of the type stands like this. */
export async function untilBreaker(type: string, state: BreakerState): Promise<void> {
	for (;;) {
		const [breaker] = await listBreakers(runners, type);
		if (breaker?.state === state) return;
		await clock.turn();
	}
}
