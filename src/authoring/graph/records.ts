/** Objects with keys that are data. */

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets a key, also one that the prototype has a setter for. */
export function setKey(record: Record<string, unknown>, key: string, value: unknown): void {
	Object.defineProperty(record, key, {
		value,
		writable: true,
		enumerable: true,
		configurable: true,
	});
}
