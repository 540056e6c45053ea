/**
 * The module that holds the document as text: a line for each operation and component, so that a
 * change of the API can be read in a diff. A string costs a Worker nothing until it is asked for.
 */
import type { OpenApiDocument } from "./document";

export function documentFile(document: OpenApiDocument): string {
	const text = lines(document, 3).replace(/[\\`]|\$\{/g, "\\$&");
	return `/** Written by \`npm run openapi:generate\`; never edited by hand. */\nexport const OPENAPI_TEXT = \`${text}\`;\n`;
}

/** JSON with line breaks down to this depth. */
function lines(value: unknown, depth: number): string {
	if (depth === 0 || typeof value !== "object" || value === null || Array.isArray(value)) {
		return JSON.stringify(value);
	}
	const fields = Object.entries(value)
		.filter(([, field]) => field !== undefined)
		.map(([name, field]) => `${JSON.stringify(name)}:${lines(field, depth - 1)}`);
	return `{\n${fields.join(",\n")}\n}`;
}
