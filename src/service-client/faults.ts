/** How asking the service can go wrong. */

/** The service refused, or had a fault: what its answer says. */
export class ServiceError extends Error {
	override readonly name = "ServiceError";

	constructor(
		/** Of HTTP. */
		readonly status: number,
		/** Stable: see the OpenAPI document. */
		readonly code: string,
		message: string,
		readonly details: Record<string, unknown> = {},
		readonly requestId: string | null = null,
	) {
		super(message);
	}
}

/** Nobody answered, or somebody who is not the service. */
export class UnreachableError extends Error {
	override readonly name = "UnreachableError";

	constructor(
		readonly url: string,
		why: string,
		options?: ErrorOptions,
	) {
		super(`No service at ${url}: ${why}`, options);
	}
}
