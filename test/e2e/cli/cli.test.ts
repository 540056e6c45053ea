/** The `workflow` command line as a process, against a real service. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TypeInfo } from "../../../src/model/catalogue";
import type { WorkflowStatusResponse } from "../../../src/model/http";
import { freePort } from "../process-group";
import { Service, temporaryFolder } from "../service";
import { CommandLine } from "./command-line";

const folder = temporaryFolder();
const CONFIG = join(folder, "config.json");
let service: Service;
let cli: CommandLine;

beforeAll(async () => {
	service = await Service.start({ configs: ["wrangler.jsonc"] });
	cli = new CommandLine(service.url, CONFIG);
});

afterAll(() => service?.stop());

/** As it is read: without colours and movements of the cursor. */
const plain = (text: string) => stripVTControlCharacters(text).replaceAll("\r", "\n");
/** What colours begin with. */
const PAINT = "\u001b[";

function file(name: string, content: string): string {
	const path = join(folder, name);
	writeFileSync(path, content);
	return path;
}

const LIST = `{
  "name": "greeting",
  "description": "Says hello twice",
  "steps": [
    { "id": "hello", "type": "log", "config": { "message": "Hello {{ input.name }}" } },
    { "id": "rest", "type": "delay", "config": { "duration": 200 } },
    { "id": "again", "type": "log", "config": { "message": "Hello again" } }
  ],
  "retryConfig": { "maxAttempts": 2, "backoffMs": 100, "exponentialBackoff": true }
}`;

describe("a workflow from its file to its end", () => {
	it("is checked by --dry-run, and is not there after it", async () => {
		const path = file("greeting.json", LIST);
		const { code, stdout } = await cli.run(["create", "greeting", "--file", path, "--dry-run"]);
		expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("valid") });
		const names = (await cli.json<TypeInfo[]>(["list"])).map(({ name }) => name);
		expect(names).toContain("test");
		expect(names).not.toContain("greeting");
	});

	it("is stored, started at once, followed to its end, and logged", async () => {
		const path = file("greeting.json", LIST);
		expect(await cli.run(["create", "greeting", "-f", path])).toEqual({
			code: 0,
			stdout: "Created greeting, version 1.0.0.\n",
			stderr: "workflow start greeting starts it.\n",
		});
		const input = JSON.stringify({ name: "Ann" });
		const start = ["start", "greeting", "--input", input, "--execution-id", "g-1", "--wait"];
		const { code, stdout, stderr } = await cli.run(start);
		expect(code).toBe(0);
		expect(stdout).toContain("completed");
		expect(stderr).toMatch(/hello {2}started\n(?:.*\n)*.*hello {2}completed/);
		const logs = await cli.run(["logs", "g-1"]);
		expect(logs.stdout).toMatch(/info {2}\[hello\] Hello Ann\n.*Hello again\n$/);
		expect(await cli.json(["logs", "g-1", "--level", "error"])).toEqual([]);
	});

	it("can be started after a kill -9 of the service, without being created again", async () => {
		await service.kill9();
		await service.restart();
		const { code } = await cli.run(["start", "greeting", "--wait"]);
		expect(code).toBe(0);
	});

	it("with faults is refused: every fault at its line and column, and nothing is stored", async () => {
		const path = file(
			"faulty.json",
			'{\n  "name": "faulty",\n  "steps": [\n    { "id": "a", "type": "lgo" },\n    { "id": "a", "type": "delay", "config": { "duration": "long" } }\n  ]\n}',
		);
		const { code, stdout, stderr } = await cli.run(["create", "faulty", "--file", path]);
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toContain(`${path}:4:`);
		expect(stderr).toContain('"log"');
		expect(stderr).toContain(`${path}:5:`);
		expect((await cli.run(["types", "show", "faulty"])).code).toBe(1);
	});

	it("comes from stdin, too", async () => {
		const stdin = LIST.replace('"greeting"', '"from-stdin"');
		expect((await cli.run(["create", "from-stdin", "-f", "-"], { stdin })).code).toBe(0);
		const args = ["start", "from-stdin", "--input", "-"];
		const { id } = await cli.json<{ id: string }>(args, { stdin: '{"name":"Bo"}' });
		const { payload } = await cli.json<WorkflowStatusResponse>(["status", id]);
		expect(payload).toEqual({ name: "Bo" });
	});

	it("without a file is a first one to try", async () => {
		await cli.run(["create", "my-workflow", "--description", "My first workflow"]);
		const type = await cli.json<TypeInfo>(["types", "show", "my-workflow"]);
		expect(type.description).toBe("My first workflow");
		const { code, stdout } = await cli.run(["start", "my-workflow", "--wait"]);
		expect({ code, stdout }).toMatchObject({
			code: 0,
			stdout: expect.stringContaining("completed"),
		});
	});
});

describe.concurrent("exit codes", () => {
	it.each([
		[["start", "test", "--input", "{"], 2, "--input is not JSON"],
		[["start", "test", "--input-file", "/no/such.json"], 2, "There is no file /no/such.json."],
		[["start", "test", "--max-retries", "none"], 2, "Expected a whole number"],
		[["statsu"], 2, "Did you mean status?"],
		[["status", "a", "--workflow", "b"], 2, "not both"],
		[["create", "other", "-f", "examples/definitions/fan-out.json"], 2, 'not "other"'],
		[["list", "--server", "prod"], 2, 'no server "prod"'],
		[["start", "no-such"], 1, "test"],
		[["status", "no-such"], 1, "INSTANCE_NOT_FOUND"],
		[["event", "no-such", "approval"], 1, "INSTANCE_NOT_FOUND"],
	])("%j ends with %i", async (args, code, message) => {
		const ended = await cli.run(args);
		expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) });
	});

	it("3 for a service that is not there, with what to do", async () => {
		const url = `http://127.0.0.1:${await freePort()}`;
		const { code, stderr } = await cli.run(["list", "--url", url]);
		expect(code).toBe(3);
		expect(stderr).toContain(url);
		expect(stderr).toContain("workflow dev");
	});

	it("3 for something else that answers there", async () => {
		const other = createServer((_, response) => response.end("<html>")).listen(0, "127.0.0.1");
		await once(other, "listening");
		const { port } = other.address() as AddressInfo;
		const { code, stderr } = await cli.run(["list", "--url", `http://127.0.0.1:${port}`]);
		other.close();
		expect(code).toBe(3);
		expect(stderr).toContain("something else answers there");
	});

	it("1 for an execution that fails, with what it failed with", async () => {
		const payload = JSON.stringify({ orderId: 7 });
		const { code, stdout } = await cli.run([
			"start",
			"process-order",
			"--input",
			payload,
			"--wait",
		]);
		expect(code).toBe(1);
		expect(stdout).toContain("errored");
	});

	it("0 for help and version, on stdout", async () => {
		expect(await cli.run(["--version"])).toMatchObject({ code: 0, stdout: "0.1.0\n" });
		const { code, stdout } = await cli.run(["schedules", "create", "--help"]);
		expect(code).toBe(0);
		expect(stdout).toContain("Example:");
		expect(stdout).toContain("--url <address>");
	});
});

describe("an execution in an operator's hands", () => {
	const id = "operated-1";

	it("waits, and inspect says for what", async () => {
		const input = JSON.stringify({ items: [{ sku: "tea", quantity: 1, priceCents: 450 }] });
		await cli.run(["start", "order", "--input", input, "--execution-id", id, "--tag", "vip=yes"]);
		await service.until(id, ({ status }) => status === "waiting");
		const { stdout } = await cli.run(["inspect", id]);
		expect(stdout).toContain('waits for the event "approval"');
		expect(stdout).toContain(`workflow event ${id} approval`);
		expect(stdout).toContain('"sku": "tea"');
		expect(stdout).toMatch(/Asked from outside\n.*\n.*create/);
	});

	it("is found by its workflow, status and tag", async () => {
		const args = ["status", "--workflow", "order", "--status", "waiting", "--tag", "vip=yes"];
		const rows = await cli.json<{ id: string }[]>(args);
		expect(rows.map((row) => row.id)).toEqual([id]);
	});

	it("is paused, keeps an event, is resumed, and completes", async () => {
		expect((await cli.run(["pause", id, "--reason", "lunch"])).stdout).toBe(`${id} is paused.\n`);
		expect((await cli.run(["inspect", id])).stdout).toContain(`workflow resume ${id}`);
		await cli.run(["event", id, "approval", '{"approved":true}']);
		expect((await cli.run(["pause", id])).code).toBe(1);
		await cli.run(["resume", id]);
		const { code, stdout } = await cli.run(["status", id, "--follow"]);
		expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("shipped") });
		const { audit } = await cli.json<WorkflowStatusResponse>(["inspect", id]);
		expect(audit?.find(({ action }) => action === "pause")).toMatchObject({ reason: "lunch" });
	});

	it("is run again from a step, and forgotten", async () => {
		expect((await cli.run(["restart", id, "--from", "no-such"])).code).toBe(1);
		const { steps } = await cli.json<WorkflowStatusResponse>(["status", id]);
		const last = steps.at(-1)?.key ?? "";
		expect((await cli.run(["restart", id, "--from", last])).code).toBe(0);
		await service.until(id, ({ status, run }) => status === "completed" && run === 2);
		expect((await cli.run(["inspect", id])).stdout).toContain("Earlier runs");
		expect((await cli.run(["delete", id])).stdout).toBe(`${id} is forgotten.\n`);
		expect((await cli.run(["status", id])).code).toBe(1);
	});

	it("is terminated; its sleep can be ended before", async () => {
		await cli.run(["start", "test", "--execution-id", "s-1", "--input", '{"name":"A"}']);
		await service.until("s-1", ({ status }) => status === "sleeping");
		expect((await cli.run(["repair", "s-1", "fire-sleep", "pause"])).code).toBe(0);
		await service.until("s-1", ({ status }) => status === "waiting");
		expect((await cli.run(["terminate", "s-1"])).stdout).toBe("s-1 is terminated.\n");
		expect((await cli.run(["status", "s-1", "--follow"])).code).toBe(1);
	});
});

describe("following", () => {
	const start = (id: string) => service.create("test", id, { name: "World" });

	it("in a terminal shows one line that changes, and ends with the result", async () => {
		await start("live-1");
		const shown = cli.inTerminal(["status", "live-1", "--follow"]);
		await shown.says(/live-1 {2}sleeping/);
		await service.until("live-1", ({ status }) => status === "waiting");
		await service.post("/workflows/live-1/events/approval", { approved: true });
		const { code, stdout } = await shown.ended;
		expect(code).toBe(0);
		expect(stdout).toContain(PAINT);
		expect(plain(stdout)).toMatch(/1 step done/);
		expect(plain(stdout)).toContain('"message": "World was approved"');
	});

	it("shows a bar for a workflow with a graph", async () => {
		const args = ["start", "loop-example", "--wait", "--input", "{}"];
		const { code, stdout } = await cli.inTerminal(args).ended;
		expect(code).toBe(0);
		expect(plain(stdout)).toMatch(/[█░]{20} \d+%.*\d\/\d steps/);
	});

	it("goes on over a kill -9 of the service, to the end", async () => {
		await start("killed-1");
		const shown = cli.start(["status", "killed-1", "--follow"]);
		await shown.says(/pause {2}started/);
		await service.kill9();
		await shown.says(/Trying again/);
		await service.restart();
		await service.until("killed-1", ({ status }) => status === "waiting");
		await service.post("/workflows/killed-1/events/approval", { approved: false });
		const { code, stderr } = await shown.ended;
		expect(code).toBe(0);
		expect(stderr.match(/greet {2}completed/g)).toHaveLength(1);
		expect(stderr).toMatch(/approval {2}completed/);
	});

	it("ends by Ctrl-C, says how to go on, and leaves the execution as it is", async () => {
		await start("left-1");
		const shown = cli.start(["status", "left-1", "--follow"]);
		await shown.says(/pause {2}started/);
		shown.signal("SIGINT");
		const { code, stdout, stderr } = await shown.ended;
		expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
		expect(stderr).toContain("workflow status left-1 --follow follows it again.");
		expect((await service.status("left-1")).status).not.toBe("terminated");
	});

	it("prints the log as it is written, a JSON document a line", async () => {
		await service.create("greeting", "logged-1", { name: "Cy" });
		const args = ["logs", "logged-1", "--follow", "--format", "json"];
		const { code, stdout } = await cli.run(args);
		expect(code).toBe(0);
		const lines = stdout
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
		expect(lines.map(({ message }) => message)).toEqual(["Hello Cy", "Hello again"]);
	});
});

describe.concurrent("output", () => {
	it("has colours in a terminal, and none with NO_COLOR, --no-color or in a pipe", async () => {
		const shown = (args: string[], env = {}) => cli.inTerminal(args, { env }).ended;
		const args = ["status", "live-1"];
		expect((await shown(args)).stdout).toContain(PAINT);
		expect((await shown(args, { NO_COLOR: "1" })).stdout).not.toContain(PAINT);
		expect((await shown([...args, "--no-color"])).stdout).not.toContain(PAINT);
		expect((await cli.run(args)).stdout).not.toContain(PAINT);
	});

	it.each([60, 80, 120])("fits a terminal of %i columns", async (columns) => {
		for (const args of [["list"], ["status", "live-1"], ["status", "--workflow", "test"]]) {
			const { stdout } = await cli.inTerminal(args, { columns }).ended;
			for (const line of plain(stdout).split("\n"))
				expect(line.length).toBeLessThanOrEqual(columns);
		}
	});

	it("goes through pipes, also where the reader has enough of it", async () => {
		const count = await cli.inShell("workflow ls --format json | grep -c executionCount");
		expect(Number(count.stdout)).toBeGreaterThan(5);
		const first = await cli.inShell("set -o pipefail; workflow ls | head -1");
		expect(first).toMatchObject({ stdout: expect.stringMatching(/^NAME/), stderr: "" });
	});

	it("completes commands, options, and the names that the service has", async ({ expect }) => {
		const complete = async (...words: string[]) =>
			(await cli.run(["complete", "--", ...words])).stdout
				.split("\n")
				.map((line) => line.split("\t")[0]);
		expect(await complete("sta")).toEqual(expect.arrayContaining(["start", "status"]));
		// A service that does not answer within a second has no names.
		const patient = { timeout: 20_000 };
		await expect
			.poll(() => complete("start", ""), patient)
			.toEqual(expect.arrayContaining(["test", "greeting"]));
		await expect.poll(() => complete("pause", ""), patient).toContain("live-1");
		expect(await complete("start", "test", "--exec")).toContain("--execution-id");
		const loaded = await cli.inShell("source <(workflow completion bash) && complete -p workflow");
		expect(loaded).toMatchObject({ code: 0, stdout: expect.stringContaining("workflow") });
	});
});

describe("schedules, jobs and workflows", () => {
	it("a schedule is made, listed, paused, triggered and deleted", async () => {
		const id = "test:nightly";
		const cron = ["30 2 * * *", "--name", "nightly", "--timezone", "Europe/Berlin"];
		const made = await cli.run(["schedules", "create", "test", ...cron, "--input", '{"name":"S"}']);
		expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining("Europe/Berlin") });
		expect((await cli.run(["schedules", "create", "test", "every day"])).code).toBe(1);
		expect(await cli.json(["schedules"])).toMatchObject([{ id, paused: false }]);
		expect((await cli.run(["schedules", "pause", id])).stdout).toBe(`${id} is paused.\n`);
		expect((await cli.run(["schedules", "trigger", id])).stdout).toMatch(/^(started|queued)/);
		expect((await cli.run(["schedules", "show", id])).stdout).toContain("30 2 * * *");
		expect((await cli.run(["schedules", "delete", id])).code).toBe(0);
		expect(await cli.json(["schedules"])).toEqual([]);
	});

	it("a job counts in a dry run, changes all that are meant, and tells how many", async () => {
		for (const id of ["bulk-1", "bulk-2"]) await service.create("test", id, { name: "B" });
		const filter = ["--workflow", "test", "--id-prefix", "bulk-"];
		const dry = await cli.run(["bulk", "run", "terminate", ...filter, "--dry-run"]);
		expect(dry.stdout).toContain("2 executions would be changed");
		const done = await cli.json<{ id: string }>(["bulk", "run", "terminate", ...filter]);
		expect(done).toMatchObject({ succeeded: 2, failed: 0, status: "completed" });
		expect(await cli.json(["bulk", "show", done.id])).toMatchObject({ id: done.id });
		expect((await cli.run(["bulk", "run", "pause"])).code).toBe(1);
	});

	it("cleanup shows what it would remove, and removes it", async () => {
		const args = ["cleanup", "--older-than", "0", "--status", "terminated", "--workflow", "test"];
		const dry = await cli.run([...args, "--dry-run"]);
		expect(dry.stdout).toContain("bulk-1");
		expect((await service.status("bulk-1")).status).toBe("terminated");
		expect(await cli.json(args)).toMatchObject({ action: "delete", failed: 0 });
		expect((await cli.run(["status", "bulk-1"])).code).toBe(1);
	});

	it("a workflow is deactivated, refuses, and is activated again; its limits are set and reset", async () => {
		await cli.run(["types", "deactivate", "simple-log"]);
		await expect
			.poll(async () => (await cli.run(["start", "simple-log"])).stderr, { timeout: 10_000 })
			.toContain("workflow types activate");
		expect((await cli.run(["types", "activate", "simple-log"])).code).toBe(0);
		const limit = ["types", "limit", "simple-log"];
		expect((await cli.run([...limit, "--concurrency", "3"])).stdout).toMatch(/Concurrency: +3/);
		expect((await cli.run([...limit, "--reset"])).stdout).toMatch(/Concurrency: +any number/);
		expect((await cli.run(["types", "graph", "process-order"])).stdout).toMatch(
			/^(flowchart|graph)/,
		);
	});
});
