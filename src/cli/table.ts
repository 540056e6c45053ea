/** Rows as a table that fits the terminal: columns that may be cut give way, the widest first. */
import Table from "cli-table3";
import stringWidth from "string-width";

export interface Column<Row> {
	head: string;
	cell(row: Row): string;
	align?: "right";
	/** It may be cut, and ends in "…" then. */
	isFlexible?: boolean;
}

const GAP = 2;
/** A column that is cut keeps so much. */
const LEAST = 10;
const NO_LINES = Object.fromEntries(
	[
		...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left"],
		...["bottom-right", "left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
	].map((part) => [part, ""]),
);

/** Without a `width` nothing is cut. Where a table does not fit, each row is a block of its own. */
export function table<Row>(
	rows: readonly Row[],
	columns: readonly Column<Row>[],
	width: number | undefined,
): string {
	const cells = rows.map((row) => columns.map(({ cell }) => oneLine(cell(row))));
	const natural = columns.map(({ head }, index) =>
		Math.max(stringWidth(head), ...cells.map((row) => stringWidth(row[index] ?? ""))),
	);
	const widths = fittedWidths(
		natural.map((wanted, index) => ({
			wanted,
			least: columns[index]?.isFlexible ? Math.min(wanted, LEAST) : wanted,
		})),
		width,
	);
	if (widths === undefined) return blocks(cells, columns);
	const lines = new Table({
		chars: NO_LINES,
		style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
		colWidths: widths.map((each, index) => (index === widths.length - 1 ? each : each + GAP)),
		colAligns: columns.map(({ align }) => align ?? "left"),
		head: columns.map(({ head }, index) => gapped(head.toUpperCase(), index, widths)),
	});
	for (const row of cells) lines.push(row.map((text, index) => gapped(text, index, widths)));
	return lines
		.toString()
		.split("\n")
		.map((line) => line.trimEnd())
		.join("\n");
}

/** How wide each column is; undefined: they do not fit. */
export function fittedWidths(
	columns: readonly { wanted: number; least: number }[],
	width: number | undefined,
): number[] | undefined {
	const widths = columns.map(({ wanted }) => wanted);
	if (width === undefined) return widths;
	const room = width - GAP * (columns.length - 1);
	let over = widths.reduce((sum, each) => sum + each, 0) - room;
	while (over > 0) {
		const slack = columns.map(({ least }, index) => (widths[index] ?? 0) > least);
		const widest = Math.max(...widths.filter((_, index) => slack[index]));
		const index = widths.findIndex((each, at) => slack[at] && each === widest);
		if (index === -1) return undefined;
		widths[index] = widest - 1;
		over--;
	}
	return widths;
}

function blocks<Row>(cells: readonly string[][], columns: readonly Column<Row>[]): string {
	return cells.map((row) => fields(columns.map(({ head }, at) => [head, row[at]]))).join("\n\n");
}

/** Names with their values, a line each; those without a value are left out. */
export function fields(
	pairs: readonly (readonly [name: string, value: string | null | undefined])[],
): string {
	const given = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
	const width = Math.max(...given.map(([name]) => name.length)) + GAP;
	return given.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`).join("\n");
}

/** Room between the columns, also for those that are aligned to the right. */
function gapped(text: string, index: number, widths: readonly number[]): string {
	if (index === widths.length - 1) return text;
	return text + " ".repeat(GAP);
}

function oneLine(text: string): string {
	return text.replaceAll(/\s*\n\s*/g, " ");
}
