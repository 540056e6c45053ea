/** What `Workflow.start` is given, checked all at once, as what an instance is created with. */
import type { CreateOptions } from "../../client/create-instance";
import { ValidationError } from "../../model/errors";
import { parseInstanceId, parseTypeName } from "../../model/ids";
import {
	type Issue,
	type PanicConfig,
	panicIssues,
	panicOverrides,
	type RetryConfig,
	requireNone,
	retryIssues,
	retryOptions,
} from "../configs";

export interface StartInput {
	workflow: { name: string } | string;
	executionId: string | undefined;
	retryConfig: RetryConfig | undefined;
	panicConfig: PanicConfig | undefined;
}

/** @throws {ValidationError} with every fault as `details.issues`. */
export function parseStart(input: StartInput): CreateOptions & { type: string } {
	const { workflow, executionId, retryConfig, panicConfig } = input;
	const type = typeof workflow === "string" ? workflow : workflow?.name;
	requireNone(
		[
			...issuesOf("workflowName", () => parseTypeName(type)),
			...(executionId === undefined
				? []
				: issuesOf("executionId", () => parseInstanceId(executionId))),
			...(retryConfig === undefined ? [] : retryIssues(retryConfig)),
			...(panicConfig === undefined ? [] : panicIssues(panicConfig)),
		],
		"Invalid workflow start parameters",
	);
	return {
		type,
		id: executionId,
		retry: retryConfig === undefined ? undefined : retryOptions(retryConfig),
		panic: panicConfig === undefined ? undefined : panicOverrides(panicConfig),
	};
}

function issuesOf(path: string, parse: () => unknown): Issue[] {
	try {
		parse();
		return [];
	} catch (error) {
		if (!(error instanceof ValidationError)) throw error;
		return [{ path, message: error.message }];
	}
}
