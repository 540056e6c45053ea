/**
 * What handlers are given besides their input: services of the application, given once to
 * `workflowRunner`, and the types that a project declares for them.
 *
 *   declare module "durable-workflows" {
 *     interface Register {
 *       services: { plugins: { email: EmailService }; core: { cache: Cache } };
 *     }
 *   }
 */

/**
 * What the compiler cannot know: services that are not declared, what a jump leads from, results of
 * jobs. Handlers read fields of it without further ado.
 */
// biome-ignore lint/suspicious/noExplicitAny: with `unknown`, no field could be read without a cast
export type Untyped = any;

/** To be merged with: `services` declares what `ctx.core` and `ctx.plugins` are. */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by those who declare it
export interface Register {}

type Declared = Register extends { services: infer Services } ? Services : object;

/** `ctx.plugins` */
export type Plugins = Declared extends { plugins: infer Given } ? Given : Record<string, Untyped>;

/** `ctx.core`, with the logger that each workflow has. */
export type Core = (Declared extends { core: infer Given } ? Given : Record<string, Untyped>) & {
	readonly logger: Logger;
};

type Write = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes to the instance's log. */
export interface Logger {
	debug: Write;
	info: Write;
	warn: Write;
	error: Write;
}
