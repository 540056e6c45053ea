/** Faults between two objects: a method of one that fails, once, before or after it has done its work. */
import { onTestFinished, vi } from "vitest";
import { WorkflowError } from "../../src/model/errors";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Lets the next call of a method about `id` (the field of that name in what it is given) fail,
 * `before` it has done anything or `after` it has. Returns how many calls have failed.
 */
export function failingOnce<C extends { prototype: object }>(
	owner: C,
	method: keyof C["prototype"] & string,
	{ id, when = "before" }: { id?: string; when?: "before" | "after" },
): () => number {
	const prototype = owner.prototype as Record<string, Method>;
	const original = prototype[method];
	let failed = 0;
	const spy = vi.spyOn(prototype, method).mockImplementation(function (this: unknown, ...args) {
		const [about] = args as { id?: string }[];
		if (failed > 0 || about?.id !== id || original === undefined) {
			return original?.apply(this, args);
		}
		failed++;
		if (when === "after") original.apply(this, args);
		// One that crosses as data: vitest takes any other for unhandled.
		throw new WorkflowError("TRY_AGAIN", `${method} fails, as the test wants it`);
	});
	onTestFinished(() => spy.mockRestore());
	return () => failed;
}
