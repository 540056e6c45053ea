/**
 * Patterns in expressions. JavaScript matches them by trying, and some take longer than anybody waits:
 * those whose repetitions lie inside each other are refused, and texts are matched up to a length.
 */
import { LIMITS } from "../../model/limits";
import { shortened } from "../../model/printable";

export class BoundedRegExp extends RegExp {
	override exec(text: string): RegExpExecArray | null {
		const max = LIMITS.expressionMatchLength;
		if (text.length > max) {
			throw new Error(
				`a text of ${text.length} characters is matched with a pattern; at most ${max} may be`,
			);
		}
		return super.exec(text);
	}
}

/** What is wrong with a pattern in a parsed expression; undefined: nothing. */
export function patternFault(node: unknown): string | undefined {
	if (node instanceof RegExp) return repetitionFault(node.source);
	if (typeof node !== "object" || node === null) return undefined;
	for (const part of Object.values(node)) {
		const fault = patternFault(part);
		if (fault !== undefined) return fault;
	}
	return undefined;
}

interface Group {
	/** It has a repetition without an end, or alternatives. */
	isOpen: boolean;
}

/** A group that repeats without an end, of what itself repeats or has alternatives. */
export function repetitionFault(source: string): string | undefined {
	const shown = `the pattern /${shortened(source)}/`;
	const text = source.replace(/\\[1-9]|\\k</g, "\u0000").replace(/\\[\s\S]/g, "x");
	if (text.includes("\u0000")) return `${shown} refers back to a group`;
	const groups: Group[] = [{ isOpen: false }];
	// A class is one character, whatever is in it.
	const signs = text.replace(/\[\^?\]?[^\]]*\]/g, "x");
	for (let at = 0; at < signs.length; at++) {
		const sign = signs[at];
		if (sign === "(") groups.push({ isOpen: false });
		else if (sign === "|") markOpen(groups);
		else if (sign === ")") {
			const group = groups.pop() ?? { isOpen: false };
			const repeats = isEndless(signs.slice(at + 1));
			if (repeats && group.isOpen) {
				return `${shown} repeats a group that repeats, or has alternatives: write [ab]* for (a|b)*`;
			}
			if (repeats || group.isOpen) markOpen(groups);
		} else if (isEndless(signs.slice(at, at + 12))) markOpen(groups);
	}
	return undefined;
}

function markOpen(groups: Group[]): void {
	const group = groups.at(-1);
	if (group !== undefined) group.isOpen = true;
}

function isEndless(rest: string): boolean {
	return /^(?:[*+]|\{\d+,\d*\})/.test(rest);
}
