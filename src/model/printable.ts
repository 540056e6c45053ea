/** Any value as text for a message. Never throws, where `String(value)` would. */
export function printable(value: unknown): string {
	try {
		return String(value);
	} catch {
		return Object.prototype.toString.call(value);
	}
}

/** The start of a text: what came from outside is not repeated at length. */
export function shortened(text: string, lengthMax = 120): string {
	return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
