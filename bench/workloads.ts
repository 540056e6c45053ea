/**
 * What is measured (W1 to W19), and which ratios of it are to be reached.
 *
 * A workload is a list of cases. A case is one load, given to one contestant after the other, and
 * the metrics that are taken from its times.
 */
import type { PageOf } from "./worker/contestant";
import {
	type Case,
	CONTESTANTS,
	type Contestant,
	each,
	inTurn,
	percentiles,
	perSecond,
	startToEnd,
	TEN_STEPS,
	type Workload,
} from "./workload";

function manyAtOnce(via: Case["via"], inFlight: number, instances: number): Case {
	return {
		name: `${inFlight} in flight, ${via}`,
		contestants: CONTESTANTS,
		via,
		load: { instances, inFlight, work: TEN_STEPS },
		metrics: [perSecond, ...percentiles("start to completed", startToEnd)],
	};
}

function manyAsleep(name: string, everyMs: number): Case {
	const work = { program: "sleep", count: 1, size: 2_000 } as const;
	return {
		name,
		contestants: CONTESTANTS,
		via: "worker",
		load: { instances: 500, inFlight: 500, everyMs, work },
		metrics: percentiles("lateness", ({ lateness }) => lateness),
	};
}

function steps(count: number, instances: number, contestants: readonly Contestant[]): Case {
	const work = { program: "sequence", count } as const;
	return inTurn(`${count} steps`, instances, work, [each("per step", count)], contestants);
}

/** Loops and polls of few and many turns, which are to cost the same each. */
function turnsOf(id: string, title: string): Workload {
	const kinds = (["loop", "poll"] as const).flatMap((turning) =>
		[0, 1].map((size) => ({ name: size === 0 ? turning : `${turning}, 1 ms`, turning, size })),
	);
	const counts = [200, 2_000, 8_000];
	const nameOf = (kind: string, count: number) => `${kind}, ${count.toLocaleString("en")} turns`;
	return {
		id,
		title,
		cases: kinds.flatMap(({ name, turning, size }) =>
			counts.map((count) => {
				const work = { program: "ticks", count, size, turning } as const;
				const instances = size === 0 ? Math.ceil(8_000 / count) : 1;
				return inTurn(nameOf(name, count), instances, work, [each("per turn", count)], ["machine"]);
			}),
		),
		targets: kinds.flatMap(({ name }) =>
			counts.slice(1).map((count) => ({
				metric: `per turn, ${nameOf(name, count)}`,
				of: "machine" as const,
				to: { metric: `per turn, ${nameOf(name, counts[0] ?? 0)}` },
				atMost: 1.2,
			})),
		),
	};
}

const PAGES_OF: readonly PageOf[] = ["any", "rare status", "attribute"];

function pagesName(of: PageOf, rows: number): string {
	return `${of}, ${rows.toLocaleString("en")} rows`;
}

/** Cloudflare's local engine has not ended two instances of 10,000 steps after two minutes. */
const WITHOUT_CLOUDFLARE = CONTESTANTS.filter((name) => name !== "cloudflare");

export const WORKLOADS: readonly Workload[] = [
	{
		id: "W1",
		title: "instances of 10 steps",
		cases: [
			manyAtOnce("worker", 8, 100),
			manyAtOnce("worker", 64, 256),
			manyAtOnce("http", 8, 100),
			manyAtOnce("http", 64, 256),
		],
		targets: [
			"8 in flight, worker",
			"64 in flight, worker",
			"8 in flight, http",
			"64 in flight, http",
		].flatMap((name) => [
			{ metric: `throughput, ${name}`, to: "floor", atLeast: 0.7 },
			{ metric: `throughput, ${name}`, to: "cloudflare", atLeast: 4 },
		]),
	},
	{
		id: "W2",
		title: "one instance of many steps in a row",
		cases: [
			steps(100, 40, CONTESTANTS),
			steps(1_000, 8, CONTESTANTS),
			steps(10_000, 2, WITHOUT_CLOUDFLARE),
		],
		targets: [
			{ metric: "per step, 1000 steps", to: "floor", atLeast: 0.6 },
			{ metric: "per step, 1000 steps", to: "floor-synced", atLeast: 1 },
			{ metric: "per step, 1000 steps", to: "cloudflare", atLeast: 25 },
			{ metric: "per step, 10000 steps", to: { metric: "per step, 1000 steps" }, atMost: 1.1 },
		],
	},
	{
		id: "W3",
		title: "event accepted to completed",
		cases: [
			{
				name: "",
				contestants: CONTESTANTS,
				via: "worker",
				load: {
					instances: 100,
					inFlight: 1,
					watch: "event",
					work: { program: "event", count: 1 },
				},
				metrics: percentiles(
					"accepted to completed",
					({ accepted = Number.NaN, completed }) => completed - accepted,
				),
			},
		],
		targets: [
			{ metric: "accepted to completed p50", to: "floor", atMost: 2 },
			{ metric: "accepted to completed p50", to: "cloudflare", atMost: 1 },
		],
	},
	{
		id: "W4",
		title: "500 instances that sleep 2 s, created one every 10 ms or all at once",
		cases: [manyAsleep("one every 10 ms", 10), manyAsleep("at once", 0)],
		targets: [
			{ metric: "lateness p50, one every 10 ms", atMost: 5 },
			{ metric: "lateness p99, one every 10 ms", to: "cloudflare", atMost: 0.5 },
			{ metric: "lateness p99, at once", to: "cloudflare", atMost: 0.5 },
		],
	},
	{
		id: "W5",
		title: "one instance of parallel steps",
		cases: [100, 1_000].map((count) =>
			inTurn(`${count} steps`, count === 100 ? 20 : 4, { program: "parallel", count }, [
				each("per step", count),
			]),
		),
		targets: [{ metric: "per step, 1000 steps", to: "cloudflare", atLeast: 25 }],
	},
	{
		id: "W6",
		title: "a loop of sleeps of 1 ms",
		cases: [100, 1_000].map((count) =>
			inTurn(`${count} wake-ups`, 1, { program: "ticks", count, size: 1 }, [
				each("per wake-up", count),
			]),
		),
		targets: [
			{
				metric: "per wake-up, 1000 wake-ups",
				to: { metric: "per wake-up, 100 wake-ups" },
				atMost: 1.3,
			},
		],
	},
	{
		id: "W7",
		title: "rows, bytes and memory of an instance of 10 steps",
		cases: [],
		targets: [
			{ metric: "rows written per step", atMost: 1 },
			{ metric: "rows written beside the steps", atMost: 8 },
		],
		isCounted: true,
	},
	{
		id: "W8",
		title: "create to first step",
		cases: [
			{
				name: "",
				contestants: CONTESTANTS,
				via: "worker",
				load: {
					instances: 100,
					inFlight: 1,
					watch: "firstStep",
					work: { program: "sequence", count: 1 },
				},
				metrics: percentiles(
					"create to first step",
					({ begin, firstStep = Number.NaN }) => firstStep - begin,
				),
			},
		],
		targets: [
			{ metric: "create to first step p50", to: "floor", atMost: 2 },
			{ metric: "create to first step p50", to: "cloudflare", atMost: 1 },
		],
	},
	{
		id: "W9",
		title: "a page of 50 among 10,000 instances",
		cases: [
			{
				name: "",
				contestants: ["ours", "floor"],
				via: "worker",
				load: { instances: 200, inFlight: 1, list: "any", work: TEN_STEPS },
				metrics: [each("page", 1)],
				indexRows: 10_000,
			},
		],
		targets: [],
	},
	{
		id: "W10",
		title: "large results",
		cases: [
			{ name: "10 KB", count: 100, size: 10_000, instances: 5 },
			{ name: "500 KB", count: 10, size: 500_000, instances: 5 },
		].map(({ name, count, size, instances }) =>
			inTurn(name, instances, { program: "results", count, size }, [each("per step", count)]),
		),
		targets: [],
	},
	{
		id: "W11",
		title: "a page of 50 among few and many instances, of which 60 are errored or a customer's",
		cases: PAGES_OF.flatMap((of) =>
			[1_000, 10_000, 100_000].map((rows) => ({
				name: pagesName(of, rows),
				contestants: ["ours" as const],
				via: "worker" as const,
				load: { instances: 200, inFlight: 1, list: of, work: TEN_STEPS },
				metrics: [each("page", 1)],
				indexRows: rows,
			})),
		),
		targets: PAGES_OF.map((of) => ({
			metric: `page, ${pagesName(of, 100_000)}`,
			to: { metric: `page, ${pagesName(of, 1_000)}` },
			atMost: 2,
		})),
	},
	{
		id: "W12",
		title: "index writes on one shard, 256 in flight",
		cases: [
			{
				name: "",
				contestants: ["ours", "floor"],
				via: "worker",
				load: { instances: 5_000, inFlight: 256, index: true, work: TEN_STEPS },
				metrics: [{ ...perSecond, name: "writes", unit: "writes/s" }],
			},
		],
		targets: [],
	},
	{
		id: "W13",
		title: "instances of 10 steps under a guard; a guard by itself",
		cases: [
			{ name: "no guard", work: TEN_STEPS },
			{ name: "guard of 10", work: { ...TEN_STEPS, isGuarded: true } as const },
		].map(({ name, work }) => ({
			...manyAtOnce("worker", 64, 256),
			name,
			contestants: ["ours"],
			load: { instances: 256, inFlight: 64, work },
		})),
		targets: [
			{
				metric: "throughput, guard of 10",
				to: { metric: "throughput, no guard" },
				atLeast: 0.5,
			},
			{
				metric: "grant without its commit, 100,000 waiting",
				to: { metric: "grant without its commit, 100 waiting" },
				atMost: 2,
			},
		],
		isOfGuard: true,
	},
	{
		id: "W14",
		title: "1,000 instances delayed by 25 s to the same moment: all are evicted by then",
		cases: [
			{
				name: "",
				contestants: ["ours", "floor"],
				via: "worker",
				load: {
					instances: 1_000,
					inFlight: 1_000,
					delayMs: 25_000,
					work: { program: "delayed", count: 1 },
				},
				metrics: percentiles("start lateness", ({ lateness }) => lateness),
			},
		],
		targets: [{ metric: "start lateness p99", to: "floor", atMost: 1.5 }],
	},
	{
		id: "W15",
		title: "the circuit breakers of a type by themselves",
		cases: [],
		targets: [
			{ metric: "rows written for an attempt that succeeds", atMost: 0 },
			{ metric: "rows written for one that is refused", atMost: 0 },
			{ metric: "rows written for a failure", atMost: 1 },
		],
		isOfBreakers: true,
	},
	{
		id: "W16",
		title: "one instance of 1,000 steps in a row, as a class and in the fluent style",
		cases: [
			{ name: "class", work: { program: "sequence", count: 1_000 } as const },
			{ name: "fluent", work: { program: "sequence", count: 1_000, isFluent: true } as const },
		].map(({ name, work }) => inTurn(name, 20, work, [each("per step", work.count)], ["ours"])),
		targets: [{ metric: "per step, fluent", to: { metric: "per step, class" }, atMost: 1.15 }],
	},
	{
		id: "W17",
		title: "a linear machine of 100 tasks, beside a class of 100 steps",
		cases: [steps(100, 40, ["ours", "machine"])],
		targets: [{ metric: "per step, 100 steps", of: "machine", to: "ours", atMost: 1.3 }],
	},
	turnsOf("W18", "a machine of a loop, of a poll, and of both with 1 ms between their turns"),
	{
		id: "W19",
		title: "a graph of 1,000 nodes in a row, and of a node in a loop of 1,000 turns",
		cases: [
			steps(1_000, 20, ["ours", "graph"]),
			inTurn(
				"loop, 1,000 turns",
				10,
				{ program: "sequence", count: 1_000, turning: "loop" },
				[each("per turn", 1_000)],
				["graph"],
			),
		],
		targets: [
			// 1,000 nodes in less than half a second.
			{ metric: "per step, 1000 steps", of: "graph", atMost: 500 },
			{ metric: "per step, 1000 steps", of: "graph", to: "ours", atMost: 4 },
			{ metric: "per turn, loop, 1,000 turns", of: "graph", atMost: 500 },
			{ metric: "memory of 100 finished runs", of: "graph", to: "ours", atMost: 1.5 },
		],
		isOfGraphs: true,
	},
];
