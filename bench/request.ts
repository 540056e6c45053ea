/**
 * Requests to the Worker, by `node:http`: a connection of a pool that rests while another
 * contestant runs is closed by workerd after 5 s, perhaps as the next request is on its way. So
 * each load has connections of its own, and a single request one for itself.
 */
import { type Agent, request } from "node:http";

/** Posts `body` as JSON; resolves with the answer's text, and throws unless it is a success. */
export function post(url: string, body: unknown, agent: Agent | false = false): Promise<string> {
	const { promise, resolve, reject } = Promise.withResolvers<string>();
	const headers = { "Content-Type": "application/json" };
	const sent = request(url, { method: "POST", agent, headers }, async (response) => {
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
