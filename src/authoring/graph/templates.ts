/**
 * Parameters of a place: which of their texts hold `{{ JSONata }}`, or are JSONata themselves, and what
 * they come to. A text that is one template gives its value, as it is; in any other each template is
 * its value as text.
 */
import { WorkflowError } from "../../model/errors";
import type { JsonObject } from "./definition";
import { compile, type Expression, syntaxFault } from "./expression";
import { isRecord, setKey } from "./records";

/** A fault in a parameter; `path` is from the parameters. */
export interface ParameterFault {
	path: (string | number)[];
	message: string;
}

/** A parameter before its templates are filled in. */
type Part =
	| { readonly kind: "value"; readonly value: unknown }
	| { readonly kind: "expression"; readonly expression: Expression }
	| { readonly kind: "text"; readonly parts: readonly (string | Expression)[] }
	| { readonly kind: "list"; readonly items: readonly Part[] }
	| { readonly kind: "record"; readonly fields: readonly (readonly [string, Part])[] };

export interface Parameters {
	/** What they are, if nothing in them is to be evaluated. */
	readonly fixed: Readonly<Record<string, unknown>> | null;
	/** Those of these names, or all. @throws {WorkflowError} `EXPRESSION_FAILED` */
	render(data: object, names?: readonly string[]): Promise<Record<string, unknown>>;
}

/** A template's expression has no more `}}` of its own than that. */
const CLOSES_MAX = 20;

/** Whether a text holds a template: what it comes to is known as the place is run. */
export function isTemplate(value: unknown): boolean {
	return typeof value === "string" && /\{\{[\s\S]*\}\}/.test(value);
}

/**
 * `expressions`: names of parameters that are JSONata, where they are text; `where` names the place.
 *
 * @throws {WorkflowError} `EXPRESSION_FAILED` for what is no JSONata.
 */
export function parametersOf(
	config: JsonObject,
	{ expressions = [], where }: { expressions?: readonly string[] | undefined; where: string },
): Parameters {
	const fields = Object.entries(config).map(([name, value]): [string, Part] => {
		const path = `"${name}" of ${where}`;
		return [name, expressions.includes(name) ? codePart(value, path) : partOf(value, path)];
	});
	return {
		fixed: fields.every(([, part]) => part.kind === "value") ? config : null,
		async render(data, names) {
			const rendered: Record<string, unknown> = {};
			for (const [name, part] of fields) {
				if (names !== undefined && !names.includes(name)) continue;
				const value = await renderedPart(part, data, `"${name}" of ${where}`);
				// What an expression does not find is there all the same.
				setKey(rendered, name, value === undefined && expressions.includes(name) ? null : value);
			}
			return rendered;
		},
	};
}

/** Faults of templates and expressions. */
export function templateFaults(
	config: JsonObject,
	expressions: readonly string[],
): ParameterFault[] {
	const faults: ParameterFault[] = [];
	const look = (path: (string | number)[], text: string) => {
		const why = syntaxFault(text);
		if (why !== undefined)
			faults.push({ path, message: `the expression "${text.trim()}": ${why}` });
	};
	const walk = (value: unknown, path: (string | number)[]) => {
		if (typeof value === "string") {
			if (expressions.includes(`${path[0]}`) && path.length === 1) look(path, codeOf(value));
			else
				for (const piece of piecesOf(value)) if (typeof piece === "object") look(path, piece.code);
		} else if (Array.isArray(value)) {
			for (const [index, item] of value.entries()) walk(item, [...path, index]);
		} else if (isRecord(value)) {
			for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
		}
	};
	walk(config, []);
	return faults;
}

/** `a > b`, also where it is written as `{{ a > b }}`. */
function codeOf(text: string): string {
	return wholeOf(piecesOf(text)) ?? text;
}

type Piece = string | { readonly code: string };

function piecesOf(text: string): Piece[] {
	const pieces: Piece[] = [];
	let end = 0;
	for (let open = text.indexOf("{{"); open >= 0; open = text.indexOf("{{", end)) {
		const close = closeOf(text, open + 2);
		if (close < 0) break;
		pieces.push(text.slice(end, open), { code: text.slice(open + 2, close) });
		end = close + 2;
	}
	return [...pieces, text.slice(end)];
}

/** The first `}}` that an expression ends before; objects in it may end with one, too. */
function closeOf(text: string, from: number): number {
	const first = text.indexOf("}}", from);
	let close = first;
	for (let tries = 0; close >= 0 && tries < CLOSES_MAX; tries++) {
		if (syntaxFault(text.slice(from, close)) === undefined) return close;
		close = text.indexOf("}}", close + 1);
	}
	return first;
}

/** The expression of a text that is one template. */
function wholeOf(pieces: readonly Piece[]): string | undefined {
	const [before, template, after] = pieces;
	const isWhole = pieces.length === 3 && `${before}`.trim() === "" && `${after}`.trim() === "";
	return isWhole && typeof template === "object" ? template.code : undefined;
}

function codePart(value: unknown, where: string): Part {
	if (typeof value !== "string") return { kind: "value", value };
	return { kind: "expression", expression: compile(codeOf(value), where) };
}

function partOf(value: unknown, where: string): Part {
	if (typeof value === "string") return textPart(value, where);
	if (Array.isArray(value)) {
		const items = value.map((item) => partOf(item, where));
		return items.every(isValue) ? { kind: "value", value } : { kind: "list", items };
	}
	if (!isRecord(value)) return { kind: "value", value };
	const fields = Object.entries(value).map(([key, item]) => [key, partOf(item, where)] as const);
	return fields.every(([, part]) => isValue(part))
		? { kind: "value", value }
		: { kind: "record", fields };
}

function isValue({ kind }: Part): boolean {
	return kind === "value";
}

function textPart(text: string, where: string): Part {
	const pieces = piecesOf(text);
	if (pieces.length === 1) return { kind: "value", value: text };
	const whole = wholeOf(pieces);
	if (whole !== undefined) return { kind: "expression", expression: compile(whole, where) };
	const parts = pieces.map((piece) =>
		typeof piece === "string" ? piece : compile(piece.code, where),
	);
	return { kind: "text", parts };
}

async function renderedPart(part: Part, data: object, where: string): Promise<unknown> {
	switch (part.kind) {
		case "value":
			return part.value;
		case "expression":
			return part.expression.evaluate(data, where);
		case "text": {
			let text = "";
			for (const piece of part.parts) {
				text +=
					typeof piece === "string" ? piece : asText(await piece.evaluate(data, where), where);
			}
			return text;
		}
		case "list": {
			const items: unknown[] = [];
			for (const item of part.items) items.push(await renderedPart(item, data, where));
			return items;
		}
		case "record": {
			const record: Record<string, unknown> = {};
			for (const [key, item] of part.fields)
				setKey(record, key, await renderedPart(item, data, where));
			return record;
		}
	}
}

/** What there is not is no text; what is no text is JSON. */
function asText(value: unknown, where: string): string {
	if (value === undefined || value === null) return "";
	if (typeof value === "string") return value;
	if (typeof value === "bigint") return `${value}`;
	const text: string | undefined = JSON.stringify(value);
	if (text !== undefined) return text;
	throw new WorkflowError("EXPRESSION_FAILED", `A value in ${where} cannot be written as text.`);
}
