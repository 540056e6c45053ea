/** The metadata of a node, checked: what is wrong with it is found when it is registered. */
import { ValidationError } from "../../model/errors";
import { printable, shortened } from "../../model/printable";
import { retryPolicy } from "../../model/retry";
import { isSchema } from "../../model/standard-schema";
import type { NodeMetadata } from "./node";
import { isRecord } from "./records";

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const VERSION = /^\d+\.\d+\.\d+$/;
const LISTS = ["inputs", "outputs", "edges", "expressions"] as const;

/**
 * `owner` names the class.
 *
 * @throws {ValidationError} that says what is wrong with which field.
 */
export function checkedMetadata(metadata: unknown, owner: string): NodeMetadata {
	const refuse = (field: string, expected: string, received: unknown): never => {
		throw new ValidationError(
			`The metadata of the node class ${owner} has ${field} that is not ${expected}; received ${shortened(printable(received))}.`,
			{ path: `metadata.${field}`, node: owner },
		);
	};
	if (!isRecord(metadata)) {
		throw new ValidationError(
			`The node class ${owner} has no metadata. Give it { id, name, version }.`,
			{ path: "metadata", node: owner },
		);
	}
	const { id, name, version, description, config, retry, shorthand } = metadata;
	if (typeof id !== "string" || !ID.test(id)) {
		refuse("id", 'a text of 1 to 64 letters, digits, "_" and "-"', id);
	}
	if (typeof name !== "string" || name === "") refuse("name", "a text", name);
	if (typeof version !== "string" || !VERSION.test(version)) {
		refuse("version", 'three numbers, as in "1.2.3"', version);
	}
	if (description !== undefined && typeof description !== "string") {
		refuse("description", "a text", description);
	}
	for (const field of LISTS) {
		const list = metadata[field];
		if (list === undefined) continue;
		const isNames = Array.isArray(list) && list.every((each) => typeof each === "string" && each);
		if (!isNames) refuse(field, "a list of names", list);
		else if (new Set(list).size < list.length) refuse(field, "a list without repetition", list);
	}
	if (shorthand !== undefined && (typeof shorthand !== "string" || shorthand === "")) {
		refuse("shorthand", "the name of a parameter", shorthand);
	}
	if (config !== undefined && !isSchema(config)) refuse("config", "a Standard Schema", config);
	if (retry !== undefined) retryPolicy(retry as NonNullable<NodeMetadata["retry"]>);
	return metadata as unknown as NodeMetadata; // Each of its fields has been looked at.
}
