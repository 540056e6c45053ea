/**
 * The bindings of the Worker that this code runs in: the global `env` of `cloudflare:workers`. It
 * is loaded at start, and only if it is there: tests in Node and tools that read a registry have
 * no such module, and no bindings.
 */

type Bindings = Readonly<Record<string, unknown>>;

const bindings: Bindings = await import("cloudflare:workers").then(
	({ env }) => env as unknown as Bindings,
	() => ({}),
);

/** As they are now: a test may have others than the service started with. */
export function workerEnv(): Bindings {
	return bindings;
}
