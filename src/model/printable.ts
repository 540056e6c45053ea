/** Any value as text for a message. Never throws, where `String(value)` would. */
export function printable(value: unknown): string {
	try {
		return String(value);
	} catch {
		return Object.prototype.toString.call(value);
	}
}
