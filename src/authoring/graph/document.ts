/**
 * Strict JSON as values that know where they stand in the text. What is wrong with it whatever it
 * means is found here: size, depth, syntax, duplicate keys, keys of prototypes, numbers and texts
 * that no JSON keeps. What it means is for those who read it (`parse.ts`).
 *
 * jsonc-parser goes on after an error, so that all errors of the syntax are found at once. It
 * recurses: the depth is therefore known before it begins.
 */
import {
	createScanner,
	type JSONScanner,
	type ParseErrorCode,
	printParseErrorCode,
	visit,
} from "jsonc-parser";
import { LIMITS } from "../../model/limits";
import { shortened } from "../../model/printable";
import type { Json, JsonObject } from "./definition";
import { type Faults, type Located, quoted } from "./faults";

export type Value = ObjectValue | ListValue | TextValue | OtherValue;

export interface ObjectValue extends Located {
	readonly kind: "object";
	/** In the order of the text. */
	readonly members: Member[];
}

export interface ListValue extends Located {
	readonly kind: "list";
	readonly items: Value[];
}

interface TextValue extends Located {
	readonly kind: "string";
	readonly value: string;
}

interface OtherValue extends Located {
	readonly kind: "number" | "boolean" | "null";
	readonly value: number | boolean | null;
}

/** It stands where its key does. */
export interface Member extends Located {
	readonly key: string;
	readonly value: Value;
}

const ROOT: Located = { path: "", line: 1, column: 1 };
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);
const TOKEN_LENGTH = 24;

const SYNTAX: Readonly<Record<string, string>> = {
	InvalidSymbol: 'Expected a JSON value: text in "…", a number, true, false, null, {…} or […]',
	InvalidNumberFormat: "Expected a number, as 1, -2.5 or 1e3",
	PropertyNameExpected: 'Expected a key in double quotes, or "}"',
	ValueExpected: "Expected a value",
	ColonExpected: 'Expected ":" after the key',
	CommaExpected: 'Expected ","',
	CloseBraceExpected: 'Expected "}" or ","',
	CloseBracketExpected: 'Expected "]" or ","',
	EndOfFileExpected: "Expected nothing more after the definition",
	UnexpectedEndOfComment: "Expected */ at the end of the comment",
	UnexpectedEndOfString: 'Expected a closing " on the same line',
	UnexpectedEndOfNumber: "Expected a digit at the end of the number",
	InvalidUnicode: "Expected four hexadecimal digits after \\u",
	InvalidEscapeCharacter: 'Expected one of " \\ / b f n r t u after the backslash',
	InvalidCharacter: "Expected no control character in a text: write it as \\u and four digits",
};

/** The value that a text is; undefined when it is none, which `faults` then say. */
export function parseDocument(text: string, faults: Faults): Value | undefined {
	const bytesMax = LIMITS.definitionBytes;
	// No character is less than a byte: a text past this is not encoded to be measured.
	if (text.length > bytesMax || bytesOf(text) > bytesMax) {
		faults.add(ROOT, `Expected a definition of at most ${bytesMax} bytes; received a longer one.`);
		return undefined;
	}
	if (!isFlatEnough(text, faults)) return undefined;
	const syntax = new Map<number, Located & { message: string }>();
	const tree = treeOf(text, faults, (error, offset, length, place) => {
		// Of a comment that is not closed, the parser does not count the last line's end.
		const at = offset < text.length ? place : endOf(text);
		// One slip makes several errors behind it: the first of a line tells.
		if (syntax.has(at.line) || syntax.size === LIMITS.graphFaults) return;
		const token = shortened(text.slice(offset, offset + length), TOKEN_LENGTH);
		const received = token === "" ? "the end of the text" : `\`${token}\``;
		const expected = SYNTAX[printParseErrorCode(error)] ?? "Expected JSON";
		syntax.set(at.line, { ...at, message: `${expected}; received ${received}.` });
	});
	for (const { message, ...at } of syntax.values()) faults.add(at, message);
	return syntax.size > 0 ? undefined : tree;
}

function endOf(text: string): Located {
	const lines = text.split(/\r\n|\r|\n/);
	return { path: "", line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** As JSON.parse gives it, with each key an own one. */
export function jsonOf(value: Value): Json {
	switch (value.kind) {
		case "object":
			return jsonObjectOf(value.members);
		case "list":
			return value.items.map(jsonOf);
		default:
			return value.value;
	}
}

export function jsonObjectOf(members: readonly Member[]): JsonObject {
	return Object.fromEntries(members.map(({ key, value }) => [key, jsonOf(value)]));
}

/** Null for what is no text. */
export function textOf(value: Value | undefined): string | null {
	return value?.kind === "string" ? value.value : null;
}

/** Null for what is no object. */
export function objectOf(value: Value | undefined): JsonObject | null {
	return value?.kind === "object" ? jsonObjectOf(value.members) : null;
}

/** What stands at a path below a value, or as near to it as there is something; `rest` is not there. */
export function locate(
	value: Value,
	path: readonly (string | number)[],
): { at: Located; rest: readonly (string | number)[] } {
	let at = value;
	for (const [index, segment] of path.entries()) {
		const next =
			at.kind === "object"
				? at.members.find(({ key }) => key === String(segment))?.value
				: at.kind === "list"
					? at.items[Number(segment)]
					: undefined;
		if (next === undefined) return { at, rest: path.slice(index) };
		at = next;
	}
	return { at, rest: [] };
}

/** In UTF-8. */
export function bytesOf(text: string): number {
	return new TextEncoder().encode(text).length;
}

/**
 * Goes through the tokens: refuses what is nested too deep, and finds commas before a closing
 * bracket, which the parser is told to take so that the rest is checked too.
 */
function isFlatEnough(text: string, faults: Faults): boolean {
	const scanner = createScanner(text, true);
	let depth = 0;
	let comma: Located | null = null;
	for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
		const sign = text[scanner.getTokenOffset()];
		const closes = sign === "}" || sign === "]";
		if (closes && comma !== null) {
			faults.add(comma, `Expected no "," before ${quoted(sign)}: take it away.`);
		}
		comma = sign === "," ? tokenOf(scanner) : null;
		if (closes) depth--;
		if (sign === "{" || sign === "[") depth++;
		if (depth > LIMITS.valueDepth) {
			faults.add(
				tokenOf(scanner),
				`Expected at most ${LIMITS.valueDepth} levels of objects and lists; received more.`,
			);
			return false;
		}
	}
	return true;
}

function tokenOf(scanner: JSONScanner): Located {
	const line = scanner.getTokenStartLine() + 1;
	return { path: "", line, column: scanner.getTokenStartCharacter() + 1 };
}

type OnError = (error: ParseErrorCode, offset: number, length: number, at: Located) => void;

/** Only of a text without errors is it whole. */
function treeOf(text: string, faults: Faults, onError: OnError): Value | undefined {
	let root: Value | undefined;
	const open: { container: ObjectValue | ListValue; keys: Set<string> }[] = [];
	let pending: (Located & { key: string }) | undefined;

	const place = (line: number, column: number): Located => {
		const parent = open.at(-1)?.container;
		const path =
			parent?.kind === "list" ? `${parent.path}/${parent.items.length}` : (pending?.path ?? "");
		return { path, line: line + 1, column: column + 1 };
	};
	const put = (value: Value): void => {
		const parent = open.at(-1)?.container;
		if (parent === undefined) root = value;
		else if (parent.kind === "list") parent.items.push(value);
		else if (pending !== undefined) parent.members.push({ ...pending, value });
		pending = undefined;
	};
	const begin = (container: ObjectValue | ListValue): void => {
		put(container);
		open.push({ container, keys: new Set() });
	};

	visit(
		text,
		{
			onObjectBegin: (_offset, _length, line, column) =>
				begin({ kind: "object", members: [], ...place(line, column) }),
			onArrayBegin: (_offset, _length, line, column) =>
				begin({ kind: "list", items: [], ...place(line, column) }),
			onObjectEnd: () => void open.pop(),
			onArrayEnd: () => void open.pop(),
			onObjectProperty: (key, _offset, _length, line, column) => {
				const parent = open.at(-1);
				const path = `${parent?.container.path ?? ""}/${escaped(key)}`;
				pending = { key, path, line: line + 1, column: column + 1 };
				checkKey(pending, parent?.keys, faults);
			},
			onLiteralValue: (literal: string | number | boolean | null, _offset, _length, line, column) =>
				put(scalar(literal, place(line, column), faults)),
			onComment: (_offset, _length, line, column) =>
				faults.add(
					{ ...place(line, column), path: "" },
					"Expected no comment, since JSON has none: take it away.",
				),
			onError: (error, offset, length, line, column) =>
				onError(error, offset, length, { path: "", line: line + 1, column: column + 1 }),
		},
		{ allowTrailingComma: true },
	);
	return root;
}

function checkKey(
	at: Located & { key: string },
	keys: Set<string> | undefined,
	faults: Faults,
): void {
	const { key } = at;
	if (faults.isFull) return;
	if (keys?.has(key)) {
		faults.add(at, `The key ${quoted(key)} stands here twice: JSON would keep the last one only.`);
	}
	keys?.add(key);
	if (FORBIDDEN.has(key)) {
		faults.add(at, `No key of a definition is ${quoted(key)}: objects of JavaScript have it.`);
	}
	if (!key.isWellFormed()) faults.add(at, HALF);
}

const HALF = "Expected well-formed text; received half of a surrogate pair (\\ud800 to \\udfff).";

function scalar(value: string | number | boolean | null, at: Located, faults: Faults): Value {
	if (typeof value === "string") {
		if (!value.isWellFormed()) faults.add(at, HALF);
		return { kind: "string", value, ...at };
	}
	if (typeof value === "number" && !Number.isFinite(value)) {
		faults.add(at, "Expected a number of at most 1.8e308; received a larger one.");
	}
	const kind = value === null ? "null" : (typeof value as "number" | "boolean");
	return { kind, value, ...at };
}

function escaped(key: string): string {
	return key.includes("~") || key.includes("/")
		? key.replaceAll("~", "~0").replaceAll("/", "~1")
		: key;
}
