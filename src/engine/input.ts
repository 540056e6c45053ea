/** What comes from outside, checked before anything is stored: payloads and events. */
import { decode, type Encoded, encode } from "../model/codec";
import { LIMITS } from "../model/limits";
import { parseWith, type Schema } from "../model/standard-schema";
import { unknownEvent } from "./faults";
import type { Program } from "./program";

export function checkPayload(program: Program, payload: Encoded): Promise<Encoded> {
	return checked(program.payload, payload, "payload", LIMITS.payloadBytes);
}

/** A type that is gone declares nothing: its events are kept as they are. */
export async function checkEvent(
	program: Program | undefined,
	event: string,
	payload: Encoded,
): Promise<Encoded> {
	const declared = program?.events ?? null;
	const schema = declared === null ? null : declared.get(event);
	if (schema === undefined) {
		throw unknownEvent(program?.type ?? "", event, declared?.keys() ?? []);
	}
	return checked(schema, payload, "event", LIMITS.valueBytes);
}

/** Encoded again even without a schema: here the limits hold for every caller. */
async function checked(
	schema: Schema | null,
	text: Encoded,
	what: string,
	limitBytes: number,
): Promise<Encoded> {
	const value = decode(text);
	const output = schema === null ? value : await parseWith(schema, value, what);
	return encode(output, `the ${what}`, limitBytes);
}
