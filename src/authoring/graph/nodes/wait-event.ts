/** `wait-event`: waits for an event from outside, whose payload is its output. */
import * as z from "zod";
import { durationMs } from "../../../model/duration";
import { ControlNode, type Flow } from "../control";
import { EDGES, type Outcome } from "../outcome";
import { duration, event } from "./fields";

const config = z.strictObject({ event, timeout: duration.optional() });

export class WaitEventNode extends ControlNode {
	readonly metadata = {
		id: "wait-event",
		name: "Wait for an event",
		description: "Waits until the event is delivered, or its timeout has passed.",
		version: "1.0.0",
		shorthand: "event",
		edges: [EDGES.received, EDGES.timeout],
		outputs: ["payload"],
		config,
	};

	async run(flow: Flow): Promise<Outcome> {
		const { event: name, timeout } = await flow.config();
		return flow.waitForEvent(name, timeout === undefined ? null : durationMs(timeout));
	}
}
