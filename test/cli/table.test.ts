import * as fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { type Column, fields, fittedWidths, table } from "../../src/cli/table";

interface Row {
	name: string;
	about: string;
	count: number;
}

const COLUMNS: Column<Row>[] = [
	{ head: "Name", cell: ({ name }) => name },
	{ head: "Count", cell: ({ count }) => String(count), align: "right" },
	{ head: "About", cell: ({ about }) => about, isFlexible: true },
];
const ROWS = [
	{ name: "order", count: 7, about: "Orders of the shop, from their payment to their delivery" },
	{ name: "a", count: 12_345, about: "" },
];

const linesOf = (text: string) => text.split("\n");

describe("a table", () => {
	it("without a width shows everything, each row in a line, columns under each other", () => {
		expect(linesOf(table(ROWS, COLUMNS, undefined))).toEqual([
			"NAME   COUNT  ABOUT",
			"order      7  Orders of the shop, from their payment to their delivery",
			"a      12345",
		]);
	});

	it("cuts the column that may be cut, and says so by an ellipsis", () => {
		expect(linesOf(table(ROWS, COLUMNS, 32))).toEqual([
			"NAME   COUNT  ABOUT",
			"order      7  Orders of the sho…",
			"a      12345",
		]);
	});

	it("where it does not fit shows each row as a block, with nothing cut", () => {
		expect(table(ROWS, COLUMNS, 15)).toBe(
			[
				"Name:  order",
				"Count: 7",
				"About: Orders of the shop, from their payment to their delivery",
				"",
				"Name:  a",
				"Count: 12345",
			].join("\n"),
		);
	});

	it("keeps a value of several lines in one", () => {
		const row = { name: "a", count: 1, about: "one\n  two" };
		expect(linesOf(table([row], COLUMNS, undefined))[1]).toBe("a         1  one two");
	});

	it("is never wider than the terminal, whatever is in it", () => {
		const row = fc.record({
			name: fc.string({ maxLength: 12 }),
			about: fc.string({ unit: "grapheme", maxLength: 200 }),
			count: fc.nat(),
		});
		fc.assert(
			fc.property(
				fc.array(row, { minLength: 1 }),
				fc.integer({ min: 40, max: 120 }),
				(rows, width) => {
					for (const line of linesOf(table(rows, COLUMNS, width))) {
						expect(stringWidth(line)).toBeLessThanOrEqual(width);
					}
				},
			),
		);
	});
});

describe("the widths of columns", () => {
	it("are what is wanted where there is room", () => {
		expect(fittedWidths([wants(5), wants(80, 10)], 100)).toEqual([5, 80]);
	});

	it("give way where they may, the widest first", () => {
		expect(fittedWidths([wants(5), wants(40, 10), wants(20, 10)], 40)).toEqual([5, 15, 16]);
	});

	it("are none where even the least does not fit", () => {
		expect(fittedWidths([wants(30), wants(40, 10)], 40)).toBeUndefined();
	});
});

it("fields without a value are left out, the others stand under each other", () => {
	expect(
		fields([
			["Status", "running"],
			["Reason", null],
			["Id", "a"],
		]),
	).toBe("Status: running\nId:     a");
});

const wants = (wanted: number, least = wanted) => ({ wanted, least });
