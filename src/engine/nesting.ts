/**
 * Steps of handlers among the rows of a journal: which handling a row belongs to, whether that is
 * still under way, and what of it a run keeps that begins with a part of another. Pure.
 */
import type { StepRow } from "../db/instance-store";

type RowOf = (key: string) => StepRow | undefined;

/**
 * Whether a row's handling is over: its verdict is in the row of the step that it was for. Nothing
 * asks for such a row again, whatever it waited for.
 */
export function isPast(row: StepRow, rowOf: RowOf): boolean {
	if (row.parent === null) return false;
	const parent = rowOf(row.parent);
	const isHandled = parent?.status === "handling" && parent.attempts === row.parentAttempt;
	return parent === undefined || !isHandled || isPast(parent, rowOf);
}

/** What a run that begins with a part of another one's journal does about its rows. */
export interface Cut {
	/** The new run does not have them. */
	cut: StepRow[];
	/** It has them with these outcomes: some before them went. */
	moved: StepRow[];
}

/**
 * The rows of a run after its first `keep` outcomes are cut. A handling is kept whole, with the
 * step that it was for, or not at all: that step's earlier attempts cannot be told from its row.
 * `preset` is the key of a step that is given an outcome next.
 */
export function cutAfter(rows: Iterable<StepRow>, keep: number, preset?: string): Cut {
	const byKey = new Map(Array.from(rows, (row) => [row.key, row]));
	const stays = (row: StepRow): boolean => {
		if (row.outcome === null || row.outcome > keep) return false;
		if (row.parent === null || row.parent === preset) return true;
		const parent = byKey.get(row.parent);
		return parent !== undefined && stays(parent);
	};
	const cut: StepRow[] = [];
	const kept: StepRow[] = [];
	for (const row of byKey.values()) (stays(row) ? kept : cut).push(row);
	kept.sort((a, b) => (a.outcome ?? 0) - (b.outcome ?? 0));
	const moved = kept.flatMap((row, index) =>
		row.outcome === index + 1 ? [] : [{ ...row, outcome: index + 1 }],
	);
	return { cut, moved };
}
