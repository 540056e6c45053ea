/** What users type, and files: read here, with clear faults. */
import { readFileSync } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { UsageError } from "./exit";

/** The name of a file that means the standard input. */
const STDIN = "-";

/** @throws {UsageError} */
export async function readText(file: string): Promise<string> {
	if (file === STDIN) return textOf(process.stdin);
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		throw new UsageError(code === "ENOENT" ? `There is no file ${file}.` : `${file}: ${message}`);
	}
}

/** The JSON that is given on the command line; `-`: what the standard input has. */
export async function readJson(given: string, where: string): Promise<unknown> {
	return parseJson(given === STDIN ? await readText(STDIN) : given, where);
}

/** @throws {UsageError} */
export function parseJson(text: string, where: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new UsageError(
			`${where} is not JSON: ${(error as Error).message}. Received: ${text.slice(0, 80)}`,
		);
	}
}

/** For options: a whole number from `least` to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
	return (text: string): number => {
		const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
		if (number >= least && number <= most) return number;
		const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `${least} to ${most}`;
		throw new InvalidArgumentError(`Expected a whole number ${range}.`);
	};
}

/** For options that may be given several times, or with commas between. */
export function collect(text: string, before: string[] | undefined): string[] {
	return [...(before ?? []), ...text.split(",").map((each) => each.trim())];
}

/** The same, of known words. */
export function collectOf<const Word extends string>(words: readonly Word[]) {
	return (text: string, before: Word[] | undefined): Word[] => {
		const given = collect(text, []);
		const known = words.filter((word) => given.includes(word));
		const unknown = given.find((each) => !words.some((word) => word === each));
		if (unknown === undefined) return [...(before ?? []), ...known];
		throw new InvalidArgumentError(`Expected one or more of ${words.join(", ")}.`);
	};
}

/** Attributes, of which null are those of any value: `vip`, `customer=c-17`. May be given several times. */
export type Tags = Record<string, string | null>;

export function collectTag(text: string, before: Tags = {}): Tags {
	const [name = "", ...value] = text.split("=");
	if (name === "") throw new InvalidArgumentError("Expected name or name=value.");
	return { ...before, [name]: value.length === 0 ? null : value.join("=") };
}

/** As the query of a listing has them. */
export function tagQuery(tags: Tags | undefined): string[] | undefined {
	if (tags === undefined) return undefined;
	return Object.entries(tags).map(([name, value]) => (value === null ? name : `${name}:${value}`));
}
