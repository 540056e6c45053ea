/** `npm start`, as a person uses it: what it prints, that this works, and how Ctrl-C ends it. */

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "./client";
import { freePort, ProcessGroup, ROOT } from "./process-group";
import { removeFolder, temporaryFolder, wranglerEnv } from "./service";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
if (!hasCurl) console.warn("NOT TESTED: the printed curl lines, since there is no curl here.");

const folder = temporaryFolder();
const started: ProcessGroup[] = [];
let port: number;
let client: Client;
let first: ProcessGroup;

function npmStart(): ProcessGroup {
	const options = ["--port", String(port), "--persist-to", join(folder, "state")];
	const group = new ProcessGroup("npm", ["start", "--", ...options], wranglerEnv(folder));
	started.push(group);
	return group;
}

beforeAll(async () => {
	refuseToInstall();
	port = await freePort();
	client = new Client(`http://127.0.0.1:${port}`);
	first = npmStart();
	await first.says(/events\/approval .*\n/);
});

afterAll(async () => {
	for (const group of started) {
		// Ctrl-C, so that wrangler takes its scratch files along; kill -9 for what does not heed it.
		group.signal("SIGINT");
		await group.gone().catch(() => group.kill9());
	}
	removeFolder(folder);
});

describe("npm start", () => {
	it("prints the base URL and three curl lines", () => {
		expect(first.output).toContain(`The service is up at ${client.url}. Try:`);
		expect(curlLines(first.output)).toHaveLength(3);
		for (const line of curlLines(first.output)) expect(line).toContain(`${client.url}/workflows`);
	});

	it.skipIf(!hasCurl)("the printed lines create an instance, show it and approve it", () => {
		const [create, show, approve] = curlLines(first.output).map(run);
		expect(create).toEqual({ id: "test-1", type: "test", status: "running" });
		expect(show).toMatchObject({ id: "test-1", payload: { name: "World" } });
		expect(approve).toEqual({ id: "test-1", event: "approval", status: "delivered" });
	});

	it("a second one says that the port is taken, and ends with an error", async () => {
		const second = npmStart();
		await second.says(/Address already in use/);
		expect(await second.ended).toBe(1);
		expect((await client.get("/")).status).toBe(200);
	});

	it("Ctrl-C ends it with all its processes, and its port is free", async () => {
		const items = [{ sku: "tea", quantity: 1, priceCents: 450 }];
		await client.create("order", "order-1", { items });
		await client.until("order-1", ({ status }) => status === "waiting");
		first.signal("SIGINT");
		await first.gone();
		expect(first.output).not.toMatch(/error/i);
		const server = createServer().listen(port, "127.0.0.1");
		await once(server, "listening");
		server.close();
		await once(server, "close");
	});

	it("started again, it goes on with what was there", async () => {
		await npmStart().says(/events\/approval .*\n/);
		expect(await client.status("order-1")).toMatchObject({ status: "waiting", type: "order" });
		await client.post("/workflows/order-1/events/approval", { approved: true });
		const order = await client.until("order-1", ({ status }) => status === "completed");
		expect(order.result).toMatchObject({ outcome: "shipped" });
		if (!hasCurl) return;
		const test = await client.until("test-1", ({ status }) => status === "completed");
		expect(test.result).toEqual({ message: "World was approved", greeting: "Hello, World!" });
	});

	it("leaves no orphan on port and storage when npm alone is told to end", async () => {
		const [, , again] = started;
		if (again === undefined) throw new Error("the service was not started again");
		process.kill(again.pid, "SIGTERM");
		await again.gone();
		expect(again.members()).toEqual([]);
	});
});

const curlLines = (output: string) => output.match(/^\s*curl .*$/gm) ?? [];
const run = (line: string): unknown =>
	JSON.parse(execFileSync("sh", ["-c", line], { encoding: "utf8", stdio: "pipe" }));

/** `npm start` would install, and so replace the `node_modules` that this test runs from. */
function refuseToInstall(): void {
	const lock = createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json")));
	const stamp = join(ROOT, "node_modules/.installed");
	if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock.digest("hex")) {
		throw new Error("node_modules is not what package-lock.json says: run `npm test`.");
	}
}
