/** Branches side by side. Which one fails first is decided by the order of the journal. */
import { WorkflowError } from "../../model/errors";
import type { BranchEnds } from "./control";
import type { Place } from "./definition";
import { summaryOf } from "./outcome";
import type { Run } from "./run";
import { Stop } from "./stop";
import { Thread } from "./thread";

interface Fork {
	readonly place: Place;
	readonly edges: readonly string[];
	readonly onError: "fail-fast" | "wait-all";
	/** Of the branch that the place itself is in. */
	readonly around: Stop | null;
}

export async function runBranches(run: Run, fork: Fork): Promise<BranchEnds> {
	const { place, edges, onError, around } = fork;
	const failsFast = onError === "fail-fast";
	const stop = new Stop(around);
	const errors = new Map<string, unknown>();
	const branches = edges.map(async (edge) => {
		try {
			await new Thread(run, place.edges.get(edge) ?? [], stop).run();
		} catch (error) {
			errors.set(edge, error);
			if (!failsFast) return;
			stop.by(place.address, edge);
			throw error;
		}
	});
	await Promise.all(branches);
	if (errors.size > 0) throw failureOf(place, edges, errors);
	return Object.fromEntries(edges.map((edge) => [edge, "completed"] as const));
}

/** In the order in which the branches are written: which one failed first may be up to the machine. */
function failureOf(
	{ address }: Place,
	edges: readonly string[],
	errors: ReadonlyMap<string, unknown>,
): WorkflowError {
	const branches = edges.filter((edge) => errors.has(edge));
	const list = branches.map((edge) => `${edge}: ${summaryOf(errors.get(edge)).message}`);
	return new WorkflowError(
		"BRANCHES_FAILED",
		`${errors.size} of ${edges.length} branches of "${address}" failed. ${list.join("; ")}`,
		{ branches },
	);
}
