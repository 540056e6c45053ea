/** Services with several tokens, and clients that each have one. */
import type { AccessRole } from "../../src/model/access";
import type { DefinitionFormat } from "../../src/model/definition";
import { type Reply, Service } from "./support-service";

export interface TokenEntry {
	name: string;
	role: AccessRole;
	types?: readonly string[];
	nodes?: readonly string[];
}

export const tokenOf = (name: string) => `token-of-${name}`;

/** A service in which the token of each entry is `tokenOf` its name. */
export function serviceWith(
	types: readonly string[],
	entries: readonly TokenEntry[],
	definitions?: DefinitionFormat,
): Service {
	const list = entries.map((entry) => ({ ...entry, token: tokenOf(entry.name) }));
	return new Service(types, { API_TOKENS: JSON.stringify(list) }, definitions);
}

/** Requests with one of the tokens. */
export class Client {
	constructor(
		readonly service: Service,
		readonly name: string,
	) {}

	send(
		method: string,
		path: string,
		body?: unknown,
		more: Record<string, string> = {},
	): Promise<Reply> {
		const headers = { Authorization: `Bearer ${tokenOf(this.name)}`, ...more };
		if (body === undefined) return this.service.request(method, path, { headers });
		return this.service.request(method, path, {
			headers: { "Content-Type": "application/json", ...headers },
			body: JSON.stringify(body),
		});
	}

	get(path: string): Promise<Reply> {
		return this.send("GET", path);
	}

	post(path: string, body?: unknown): Promise<Reply> {
		return this.send("POST", path, body);
	}
}
