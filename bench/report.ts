/** What a run found: as one JSON document, and as a table for people. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { ROOT } from "../test/e2e/process-group";
import type { HostName } from "./host";
import { spread } from "./statistics";
import { CONTESTANTS, STYLES, type Target, type Workload } from "./workload";

/** One metric of one contestant: the median of its rounds, with the least and the greatest. */
export interface Row {
	workload: string;
	contestant: string;
	metric: string;
	unit: string;
	median: number;
	min: number;
	max: number;
	rounds: number;
}

/**
 * Two medians of one run. `at least`: how many times as good `of` is as `to`; `at most`: how many
 * times as much it takes, or how much where `to` is a unit.
 */
export interface Ratio {
	workload: string;
	metric: string;
	of: string;
	to: string;
	value: number;
	target: number;
	bound: "at least" | "at most";
	ok: boolean;
}

export interface Report {
	machine: string;
	versions: Record<string, string>;
	host: string;
	rows: Row[];
	ratios: Ratio[];
	/** Workloads that could not be measured, and why. */
	failures: string[];
}

export function environment(
	host: HostName,
	tracing: boolean,
): Omit<Report, "rows" | "ratios" | "failures"> {
	const versionOf = (name: string): string =>
		JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")).version;
	const packages = ["workerd", host];
	return {
		machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${process.platform}`,
		versions: {
			node: process.versions.node,
			...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
		},
		host: tracing ? `${host}, with tracing` : host,
	};
}

export function row(
	workload: string,
	contestant: string,
	{ name, unit }: { name: string; unit: string },
	values: readonly number[],
): Row {
	return { workload, contestant, metric: name, unit, ...spread(values), rounds: values.length };
}

/** The ratios of a workload's targets; none where one of the two was not measured. */
export function ratios({ id, targets }: Workload, all: readonly Row[]): Ratio[] {
	const rows = all.filter(({ workload }) => workload === id);
	return targets.flatMap((target) => ratio(id, target, rows) ?? []);
}

function ratio(workload: string, target: Target, rows: readonly Row[]): Ratio | undefined {
	const { metric, of: contestant = "ours", to: other, atLeast, atMost = Number.NaN } = target;
	const find = (contestant: string, name: string) =>
		rows.find((each) => each.contestant === contestant && each.metric === name);
	const of = find(contestant, metric);
	if (of === undefined) return undefined;
	const found = { workload, metric, of: contestant };
	if (other === undefined) {
		const { median: value, unit: to } = of;
		return { ...found, to, value, target: atMost, bound: "at most", ok: value <= atMost };
	}
	const to = typeof other === "string" ? find(other, metric) : find(contestant, other.metric);
	if (to === undefined) return undefined;
	const name = typeof other === "string" ? other : `${contestant}: ${other.metric}`;
	const times = of.median / to.median;
	if (atLeast === undefined) {
		return {
			...found,
			to: name,
			value: times,
			target: atMost,
			bound: "at most",
			ok: times <= atMost,
		};
	}
	const value = of.unit.endsWith("/s") ? times : 1 / times;
	return { ...found, to: name, value, target: atLeast, bound: "at least", ok: value >= atLeast };
}

export function print(report: Report, workloads: readonly Workload[]): void {
	const { machine, versions, host } = report;
	const tools = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
	console.log(`${machine}; ${tools.join(", ")}; host: ${host}`);
	for (const { id, title } of workloads) {
		const rows = report.rows.filter(({ workload }) => workload === id);
		if (rows.length === 0) continue;
		console.log(`\n${id}: ${title}; ${rows[0]?.rounds} rounds, median (min–max)\n`);
		for (const line of table(rows)) console.log(line);
		for (const each of report.ratios.filter(({ workload }) => workload === id)) {
			console.log(`${each.ok ? "  met  " : "MISSED "} ${sentence(each)}`);
		}
	}
}

/** A line for each metric, a column for each contestant. */
function table(rows: readonly Row[]): string[] {
	const metrics = [...new Set(rows.map(({ metric }) => metric))];
	const columns = [...CONTESTANTS, ...STYLES].filter((name) =>
		rows.some((each) => each.contestant === name),
	);
	const cells = [
		["", ...columns],
		...metrics.map((metric) => {
			const unit = rows.find((each) => each.metric === metric)?.unit;
			const values = columns.map((name) => {
				const found = rows.find((each) => each.metric === metric && each.contestant === name);
				return found === undefined ? "" : range(found);
			});
			return [`${metric} (${unit})`, ...values];
		}),
	];
	const widths = cells[0]?.map((_, column) =>
		Math.max(...cells.map((line) => line[column]?.length ?? 0)),
	);
	return cells.map((line) =>
		line
			.map((cell, column) => {
				const width = widths?.[column] ?? 0;
				return column === 0 ? cell.padEnd(width) : cell.padStart(width + 3);
			})
			.join(""),
	);
}

function range({ median, min, max }: Row): string {
	if (min === max) return short(median);
	return `${short(median)} (${short(min)}–${short(max)})`;
}

/** Three digits that count. */
function short(value: number): string {
	if (value >= 100) return Math.round(value).toLocaleString("en");
	return value.toPrecision(3).replace(/\.?0+$/, "");
}

function sentence({ metric, of, to, value, target, bound }: Ratio): string {
	const goal = `(target: ${bound} ${target})`;
	const isCompared = [...CONTESTANTS, ...STYLES].some(
		(name) => to === name || to.startsWith(`${name}: `),
	);
	if (!isCompared) return `${metric}: ${short(value)} ${to} ${goal}`;
	const times = bound === "at least" ? "times as good as" : "times as much as";
	return `${metric}: ${of} ${short(value)} ${times} ${to} ${goal}`;
}
