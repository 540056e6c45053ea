/**
 * Requests to the Worker, by `node:http`, each with a connection of its own: workerd closes one
 * whose next request it has not read after 5 s, also when it was itself that had no time to.
 */
import { request } from "node:http";

/** Posts `body` as JSON; resolves with the answer's text, and throws unless it is a success. */
export function post(url: string, body: unknown): Promise<string> {
	const { promise, resolve, reject } = Promise.withResolvers<string>();
	const headers = { "Content-Type": "application/json" };
	const sent = request(url, { method: "POST", agent: false, headers }, async (response) => {
		let text = "";
		try {
			for await (const chunk of response.setEncoding("utf8")) text += chunk;
		} catch (error) {
			reject(error);
		}
		const { statusCode = 0 } = response;
		if (statusCode < 300) resolve(text);
		else reject(new Error(`${url}: ${statusCode} ${text}`));
	});
	sent.on("error", (error) => reject(new Error(`${url}: ${error.message}`)));
	sent.end(JSON.stringify(body));
	return promise;
}
