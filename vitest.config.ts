// Three places to run: pure rooms in Node, the engine in workerd, and the service as a process.

import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

/** As wrangler's bundler has it: an import of a `.sql` file gives its text. */
const sqlAsText = {
	name: "sql-as-text",
	transform: (code: string, id: string) =>
		id.endsWith(".sql")
			? { code: `export default ${JSON.stringify(code)};`, map: null }
			: undefined,
};

/**
 * workerd rejects a promise of its own, besides those that it gives, when a stream over RPC is given
 * up or breaks off.
 */
const STREAM_ENDS = [
	"The operation was aborted",
	"ReadableStream received over RPC disconnected prematurely.",
];

/** Vitest leaves a core to itself, and needs none: with two, that is half as fast. */
const WORKERS = Math.max(2, availableParallelism() - 1);

export default defineConfig({
	test: {
		onUnhandledError: ({ message }) => !STREAM_ENDS.includes(message),
		projects: [
			{
				plugins: [sqlAsText],
				test: {
					name: "node",
					maxWorkers: WORKERS,
					// None is about time; some look through thousands of cases.
					testTimeout: 20_000,
					include: [
						"test/{model,types,streams,cli,service-client}/**/*.test.ts",
						"test/authoring/graph/parse/**/*.test.ts",
						"test/simulation/*.test.ts",
						"test/*.test.ts",
					],
				},
			},
			{
				plugins: [cloudflareTest({ wrangler: { configPath: "./test/support/wrangler.jsonc" } })],
				test: {
					name: "workerd",
					maxWorkers: WORKERS,
					include: [
						"test/{engine,shards,db,http,client,authoring,simulation/workerd}/**/*.test.ts",
					],
					exclude: ["test/authoring/graph/parse/**"],
					testTimeout: 20_000,
					// A few of some 2,600 race the clock that they move, on a machine with more to do than it has
					// cores for. Vitest says which ones it had to repeat.
					retry: 1,
				},
			},
			{
				test: {
					name: "e2e",
					include: ["test/e2e/**/*.test.ts"],
					testTimeout: 120_000,
					hookTimeout: 120_000,
					// Each file starts processes of its own: one at a time, and when all else is done.
					fileParallelism: false,
					sequence: { groupOrder: 1 },
				},
			},
		],
	},
});
