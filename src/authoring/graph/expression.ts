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
import { bindFunctions, isFunction, Usage } from "./expression-bounds";
import { LinearPattern, patternFaultIn } from "./pattern";

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
	usage?: Usage;
}

/**
 * @throws {WorkflowError} `EXPRESSION_FAILED` for what is no expression, or could take for ever.
 */
export function compile(text: string, where: string): Expression {
	const fault = syntaxFault(text);
	if (fault !== undefined) throw failed(text, where, fault);
	const { expressionMs, expressionDepth, expressionItems, expressionMatching } = LIMITS;
	/** Of the latest evaluation; one beside it counts with it, which is no harm. */
	let matching = 0;
	const charge = (work: number) => {
		matching += work;
		if (matching > expressionMatching) throw new Error("its patterns take too long to match");
	};
	const expression = jsonata(text, {
		timeout: expressionMs,
		stack: expressionDepth,
		sequence: expressionItems,
		RegexEngine: class extends LinearPattern {
			constructor(pattern: RegExp) {
				super(pattern, charge);
			}
		} as unknown as RegExpConstructor, // Made with `new`, and asked for `exec` and `lastIndex` alone.
	});
	bind(expression);
	return {
		text,
		async evaluate(data, where) {
			matching = 0;
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
		return patternFaultIn(jsonata(text).ast());
	} catch (error) {
		return messageOf(error);
	}
}

function bind(expression: jsonata.Expression): void {
	const counted = (_: unknown, _input: unknown, frame: { base: Used }, result: unknown) => {
		frame.base.usage ??= new Usage();
		frame.base.usage.add(result);
	};
	// JSONata's own door for this: see "timeboxExpression" in its tests.
	expression.assign(Symbol.for("jsonata.__evaluate_exit") as unknown as string, counted);
	bindFunctions(expression);
}

/** JSONata's arrays are its own; the data's are the state's. */
function plain(value: unknown, depth = 0): unknown {
	if (typeof value === "function") throw new Error("it gives a function, not a value");
	if (typeof value !== "object" || value === null) return value;
	if (depth > LIMITS.valueDepth) throw new Error(`its value has more than ${depth - 1} levels`);
	if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
	const prototype = Object.getPrototypeOf(value);
	if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
	if (isFunction(value)) throw new Error("it gives a function, not a value");
	return Object.fromEntries(
		Object.entries(value).map(([key, item]) => [key, plain(item, depth + 1)]),
	);
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
