/** The HTTP API from outside: requests as JSON, and waiting for an instance to be as wanted. */
import type { WorkflowStatusResponse } from "../../src/library";
import { poll } from "./poll";

export interface Reply<T> {
	status: number;
	body: T;
}

export class Client {
	constructor(readonly url: string) {}

	async get<T>(path: string): Promise<Reply<T>> {
		return replyOf<T>(await fetch(this.url + path));
	}

	/** Without `body`, sends none. */
	async post<T>(path: string, body?: unknown): Promise<Reply<T>> {
		const response = await fetch(this.url + path, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		return replyOf<T>(response);
	}

	/** Throws unless the instance was created. */
	async create(type: string, id: string, payload: unknown): Promise<void> {
		const { status, body } = await this.post("/workflows", { type, id, payload });
		if (status !== 201) throw new Error(`expected 201, received ${JSON.stringify(body)}`);
	}

	async status(id: string): Promise<WorkflowStatusResponse> {
		return (await this.get<WorkflowStatusResponse>(`/workflows/${id}`)).body;
	}

	/** Polls the instance until it is as wanted. */
	until(
		id: string,
		wanted: (status: WorkflowStatusResponse) => boolean,
	): Promise<WorkflowStatusResponse> {
		let last: WorkflowStatusResponse | undefined;
		return poll(
			() => `${id} to be as wanted; it is ${JSON.stringify(last, null, 1)}`,
			async () => {
				last = await this.status(id);
				return wanted(last) ? last : undefined;
			},
		);
	}
}

async function replyOf<T>(response: Response): Promise<Reply<T>> {
	const text = await response.text();
	try {
		return { status: response.status, body: JSON.parse(text) };
	} catch {
		throw new Error(`expected JSON, received ${response.status}: ${text}`);
	}
}
