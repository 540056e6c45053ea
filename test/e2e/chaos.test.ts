/** The short form of `npm run chaos`; its parts say what is checked and how it is known. */
import { expect, it } from "vitest";
import { runChaos } from "./chaos/run";

const seed = Math.floor(Math.random() * 1_000_000);

it(`20 instances complete, those of one type to be forgotten, with nothing lost or repeated, over 3 kills (seed ${seed})`, async () => {
	const kills: string[] = [];
	const progress = (line: string) => kills.push(line);
	const report = await runChaos({ instances: 20, kills: 3, seed, progress });
	expect(report.violations).toEqual([]);
	expect(report).toMatchObject({ lost: 0, stuck: 0, repeatedDespiteRow: 0 });
	expect(report.completed + report.forgotten).toBe(20);
	expect(report.forgotten).toBeGreaterThan(0);
	expect(kills).toHaveLength(3);
});
