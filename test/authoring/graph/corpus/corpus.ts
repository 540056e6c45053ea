/**
 * What rows of the corpus are made of. In an invalid text a `▸` stands before each place of a fault;
 * the faults beside it are in the same order.
 */

/** What it shows, and the text. */
export type Valid = readonly [shows: string, text: string];

/** The pointer, and a part of the message. */
export type ExpectedFault = readonly [path: string, message: string];
export type Invalid = readonly [shows: string, text: string, ...faults: ExpectedFault[]];

export const MARK = "▸";

/** A definition with this top list. */
export const flow = (workflow: string) =>
	`{ "id": "t", "name": "T", "version": "1.0.0",\n\t"workflow": ${workflow} }`;

/** A definition with these fields beside its places. */
export const having = (fields: string) =>
	`{ "id": "t", "name": "T", "version": "1.0.0", "workflow": [{ "log": "x" }],\n\t${fields} }`;

/** A definition with these settings. */
export const setting = (settings: string) => having(`"settings": { ${settings} }`);

/** A list of these steps. */
export const steps = (list: string) => `{ "name": "t",\n\t"steps": ${list} }`;

/** A place with these options. */
export const option = (options: string) => flow(`[{ "log": { "message": "x", ${options} } }]`);
