/** The scripts of the project as a user calls them: bad input, and what a run leaves behind. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ProcessGroup, ROOT } from "./process-group";
import { removeFolder, temporaryFolder } from "./service";

/** Kept on purpose, by the tools below us. */
const CACHES = /^(?:node-compile-cache|tsx-\d+|update-check)$/;

function leftIn(folder: string): string[] {
	return readdirSync(folder).filter((name) => !CACHES.test(name));
}

/** A script with its temporary files in a folder of its own. */
function run(script: string, ...args: string[]): { group: ProcessGroup; folder: string } {
	const folder = temporaryFolder();
	const bin = join(ROOT, "node_modules/.bin");
	const env = { TMPDIR: folder, PATH: `${bin}:${process.env.PATH}` };
	return {
		group: new ProcessGroup("npm", ["run", "--silent", script, "--", ...args], env),
		folder,
	};
}

it.each([
	["bench", ["--only", "W1,W99"], '--only knows no workload "W99"'],
	["bench", ["--rounds", "0"], '--rounds expects a number from 1 to 999; received "0"'],
	["bench", ["--host", "cloud"], "--host expects miniflare or wrangler"],
	["bench", ["--inspector", "x"], '--inspector expects a port; received "x"'],
	["bench", ["--fast"], "--fast"],
	["simulate", ["--seeds", "abc"], 'received "abc"'],
	["simulate", ["--from", "-1"], "--from"],
	["simulate", ["--shrink", "1"], "--shrink"],
	["chaos", ["--kills", "abc"], "--kills expects a number from 0 to"],
	["chaos", ["--fast"], "--fast"],
])("%s %j is refused in one line, with exit code 2", async (script, args, reason) => {
	const { group, folder } = run(script, ...args);
	expect(await group.ended).toBe(2);
	expect(group.output).toContain(`${script}: `);
	expect(group.output).toContain(reason);
	expect(group.output.trimEnd().split("\n")).toHaveLength(1);
	expect(leftIn(folder)).toEqual([]);
	removeFolder(folder);
});

it("chaos on a port in use is refused in one line, with exit code 2", async () => {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const { group, folder } = run("chaos", "--port", String(port));
	expect(await group.ended).toBe(2);
	expect(group.output).toContain(`chaos: --port ${port} cannot be used`);
	expect(group.output.trimEnd().split("\n")).toHaveLength(1);
	expect(leftIn(folder)).toEqual([]);
	server.close();
});

describe("the benchmark", () => {
	const number = z.number().positive();
	const report = z.strictObject({
		machine: z.string(),
		versions: z.record(z.string(), z.string()),
		host: z.string(),
		rows: z.array(
			z.strictObject({
				workload: z.literal("W8"),
				contestant: z.enum(["ours", "floor", "floor-synced", "cloudflare"]),
				metric: z.string(),
				unit: z.literal("ms"),
				median: number,
				min: number,
				max: number,
				rounds: z.literal(1),
			}),
		),
		failures: z.array(z.string()).length(0),
		ratios: z.array(
			z.strictObject({
				workload: z.literal("W8"),
				metric: z.literal("create to first step p50"),
				of: z.literal("ours"),
				to: z.enum(["floor", "cloudflare"]),
				value: number,
				target: number,
				bound: z.literal("at most"),
				ok: z.boolean(),
			}),
		),
	});

	it("prints one JSON document, and leaves no process and no file", async () => {
		const { group, folder } = run("bench", "--only", "W8", "--rounds", "1", "--json");
		expect(await group.ended).toBe(0);
		// Progress goes to stderr, which the group's output has too.
		const { rows, ratios } = report.parse(
			JSON.parse(group.output.slice(group.output.indexOf("{\n"))),
		);
		expect(rows).toHaveLength(8);
		expect(ratios).toHaveLength(2);
		await group.gone();
		expect(leftIn(folder)).toEqual([]);
	});

	it("that is interrupted leaves no process and no file either", async () => {
		const { group, folder } = run("bench", "--only", "W2");
		await group.says(/W2: /);
		group.signal("SIGINT");
		expect(await group.ended).not.toBe(0);
		await group.gone();
		expect(leftIn(folder)).toEqual([]);
	});
});
