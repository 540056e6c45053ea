/**
 * JSONata (docs.jsonata.org), within bounds: an expression is compiled once, takes so many operations,
 * levels and items, and gives plain data of its own.
 *
 * - E1 Evaluation is part of a step: it happens once, and may read the clock.
 * - E2 Operations are counted: workerd's clock stands still while it computes, so time alone would
 *   stop nothing there.
 * - E3 What comes in as data never becomes code: there is no `$eval`.
 */
import jsonata from "jsonata";
import { WorkflowError } from "../../model/errors";
import { LIMITS } from "../../model/limits";
import { shortened } from "../../model/printable";
import { BoundedRegExp, patternFault } from "./pattern";

export interface Expression {
	readonly text: string;
	/**
	 * A copy: what it gives is no part of `data`.
	 *
	 * @throws {WorkflowError} `EXPRESSION_FAILED`, naming the expression and `where` it stands.
	 */
	evaluate(data: object, where: string): Promise<unknown>;
}

/** What an evaluation has used, kept where its frames have their root. */
interface Used {
	operations?: number;
}

/**
 * @throws {WorkflowError} `EXPRESSION_FAILED` for what is no expression, or could take for ever.
 */
export function compile(text: string, where: string): Expression {
	const fault = syntaxFault(text);
	if (fault !== undefined) throw failed(text, where, fault);
	const { expressionMs, expressionDepth, expressionItems } = LIMITS;
	const expression = jsonata(text, {
		timeout: expressionMs,
		stack: expressionDepth,
		sequence: expressionItems,
		RegexEngine: BoundedRegExp as unknown as RegExpConstructor, // Made with `new` alone.
	});
	bind(expression);
	return {
		text,
		async evaluate(data, where) {
			try {
				return plain(await expression.evaluate(data));
			} catch (error) {
				throw failed(text, where, messageOf(error));
			}
		},
	};
}

/** What is wrong with the text of an expression; undefined: nothing. */
export function syntaxFault(text: string): string | undefined {
	const { expressionLength } = LIMITS;
	if (text.length > expressionLength) {
		return `it has ${text.length} characters of at most ${expressionLength}`;
	}
	try {
		return patternFault(jsonata(text).ast());
	} catch (error) {
		return messageOf(error);
	}
}

function bind(expression: jsonata.Expression): void {
	const { expressionSteps, expressionTextLength } = LIMITS;
	const counted = (_: unknown, _input: unknown, frame: { base: Used }, result: unknown) => {
		frame.base.operations = (frame.base.operations ?? 0) + 1;
		if (frame.base.operations > expressionSteps) {
			throw new Error(`it takes more than ${expressionSteps} operations`);
		}
		if (typeof result === "string" && result.length > expressionTextLength) {
			throw new Error(`a text in it has more than ${expressionTextLength} characters`);
		}
	};
	// JSONata's own door for this: see "timeboxExpression" in its tests.
	expression.assign(Symbol.for("jsonata.__evaluate_exit") as unknown as string, counted);
	const noEval = () => {
		throw new Error("$eval is not to be had here: data would become code");
	};
	expression.registerFunction("eval", noEval, "<sx?:x>");
	// Its own would make a text of any length at once.
	expression.registerFunction("pad", padded, "<s-ns?:s>");
}

function padded(text: string | undefined, width: number, filler = " "): string | undefined {
	if (text === undefined) return undefined;
	if (Math.abs(width) > LIMITS.expressionTextLength) {
		throw new Error(`$pad makes texts of at most ${LIMITS.expressionTextLength} characters`);
	}
	return width < 0 ? text.padStart(-width, filler || " ") : text.padEnd(width, filler || " ");
}

/** JSONata's arrays are its own; the data's are the state's. */
function plain(value: unknown, depth = 0): unknown {
	if (typeof value === "function") throw new Error("it gives a function, not a value");
	if (typeof value !== "object" || value === null) return value;
	if (depth > LIMITS.valueDepth) throw new Error(`its value has more than ${depth - 1} levels`);
	if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
	const prototype = Object.getPrototypeOf(value);
	if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
	if (isLambda(value)) throw new Error("it gives a function, not a value");
	return Object.fromEntries(
		Object.entries(value).map(([key, item]) => [key, plain(item, depth + 1)]),
	);
}

function isLambda(value: object): boolean {
	return "_jsonata_lambda" in value || "_jsonata_function" in value;
}

/** What JSONata throws is no error, but has a message. */
function messageOf(error: unknown): string {
	const { message } = (error ?? {}) as { message?: unknown };
	return typeof message === "string" ? message : String(error);
}

function failed(text: string, where: string, why: string): WorkflowError {
	return new WorkflowError(
		"EXPRESSION_FAILED",
		`The expression "${shortened(text)}" in ${where} has no value: ${shortened(why, 400)}.`,
		{ expression: shortened(text), where },
	);
}
