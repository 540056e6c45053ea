// Owns the walls between the rooms (ARCHITECTURE.md) and the tidiness that a machine can see.
// Sources are read as text, not parsed: TypeScript 7 has its parser in another process, behind an
// unstable door. What is measured is said at each rule, and the tables below make each rule fail.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";

/** `path` is from the project's root. */
interface SourceFile {
	path: string;
	text: string;
}

/** What each room may import besides itself: rooms, or files of rooms; the doors import all. */
const ROOMS: Record<string, readonly string[]> = {
	model: [],
	db: ["model", "../drizzle"],
	streams: ["model"],
	engine: ["model", "db", "streams"],
	shards: ["model", "db", "streams"],
	client: ["model"],
	roles: ["model", "db", "engine", "shards", "client"],
	"workflow-runner": ["roles", "model", "engine", "shards", "client"],
	authoring: ["model", "client", "engine/program", "engine/catalogue"],
	workflows: ["library"],
	http: ["model", "client"],
	"service-client": ["model"],
	dashboard: ["service-client"], // The HTTP API, and the words in it.
	cli: ["service-client"],
	"sql.d": [],
	index: [""],
	library: [""],
};

const SRC = /^src\//;
const NOT_RUNNER = /^src\/(?!workflow-runner\.ts)/;
const NOT_PLATFORM = /^src\/(?!workflow-runner\.ts|client\/worker-env\.ts)/;
const NOT_CLI = /^src\/(?!cli\/)/;
const PURE = /^src\/(?:engine|db|shards|model|authoring)\//;
const OBJECT = /\bDurableObject(?!Storage\b)\w*|\bsetAlarm\b|\bctx\??\.storage\b/;

/** Words, where they are looked for, and the files that must not have them. */
const BANS: [word: RegExp, see: "imports" | "code" | "text", where: RegExp, why: string][] = [
	[/^drizzle-(?:orm|kit)\b/, "imports", /^src\/(?!db\/)/, "is for db"],
	[/^@?hono\b/, "imports", /^src\/(?!http\/)/, "is for http"],
	[/^croner$/, "imports", /^src\/(?!shards\/cron\.ts)/, "is for shards/cron.ts"],
	[/^(?:@commander-js\/.*|commander)$/, "imports", NOT_CLI, "is for cli/"],
	[/^node:(?!async_hooks$).*/, "imports", NOT_CLI, "is for cli/"],
	[/^cloudflare:/, "imports", NOT_PLATFORM, "is for workflow-runner.ts and client/worker-env.ts"],
	[OBJECT, "code", NOT_RUNNER, "is for workflow-runner.ts"],
	[/\bDurableObjectStorage\b/, "code", /^src\/(?!workflow-runner\.|db\/)/, "is for db"],
	[/\bDate\.now\b|\bnew Date\(\)/, "code", PURE, "reads a clock; have one passed in"],
	[/\bMath\.random\b/, "code", PURE, "is random; have it passed in"],
	[/(?::|\bas|<)\s*any\b/, "code", SRC, "says nothing; parse"],
	[/\b(?:TODO|FIXME)\b/, "text", SRC, "is not for main"],
	[/@ts-(?:ignore|nocheck)\b/, "text", SRC, "hides a fault"],
	[/biome-ignore(?![-\w]* [\w/]+: \S)/, "text", SRC, "needs a reason"],
	[/"resolved"\s*:/, "text", /^package-lock\.json$/, "ties each install to one registry"],
];

const LINES = { question: 400, refusal: 600, ofFunction: 80 };

function violations(files: SourceFile[]): string[] {
	const rules = [wallRule, banRule, fileRule, functionRule, journalRule];
	return files.flatMap((file) =>
		rules.flatMap((rule) => rule(file)).map((fault) => `${file.path}: ${fault}`),
	);
}

const TOKENS = [
	/\/\/.*|\/\*[\s\S]*?\*\//, // comments
	/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/, // strings
	/`(?:\\[\s\S]|\$\{(?:`(?:\\.|[^`\\])*`|[^`}])*\}|[^`\\])*`/, // templates, one level deep
	/(?<=[(,=:[!&|?;{}]\s*|\breturn\s+)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//, // patterns
];
const TOKEN = new RegExp(TOKENS.map((token) => token.source).join("|"), "g");

/** The text with comments and strings blanked out; templates stay, for the code in them. */
function codeOf(text: string, blanks = /^(?:\/[/*]|["'])/): string {
	return text.replace(TOKEN, (token) => (blanks.test(token) ? token.replace(/\S/g, " ") : token));
}

/** Every module named by an import or export, for types too, or by a call of `import`. */
function importsOf(file: SourceFile): string[] {
	const named = /\b(?:from\s*|import\s*\(?\s*|require\(\s*)(["'`])([^"'`\n]+)\1/g;
	return [...codeOf(file.text, /^\/[/*]/).matchAll(named)].map((match) => match[2] ?? "");
}

function wallRule(file: SourceFile): string[] {
	if (!SRC.test(file.path)) return [];
	const [, room = "", style] = file.path.replace(/\.[jt]sx?$/, "").split("/");
	const allowed = ROOMS[room];
	if (allowed === undefined) return [`"${room}" is no room of ARCHITECTURE.md`];
	return importsOf(file).flatMap((specifier) => {
		const isOwnName = specifier === "durable-workflows"; // this package, as its users name it
		if (!specifier.startsWith(".") && !isOwnName) return [];
		const path = posix.relative("src", posix.join(posix.dirname(file.path), specifier));
		const target = isOwnName ? "library" : path.replace(/\.[jt]sx?$/, "");
		const [targetRoom, targetStyle, ...inside] = target.split("/");
		if (room === "authoring" && targetRoom === room && inside.length > 0 && targetStyle !== style) {
			return [`imports ${specifier}; authoring styles never import each other`];
		}
		const fits = (to: string) => to === "" || target === to || target.startsWith(`${to}/`);
		if ([room, ...allowed].some(fits)) return [];
		return [`imports ${specifier}; ${room} may import ${allowed.join(", ") || "no room"}`];
	});
}

function banRule(file: SourceFile): string[] {
	return BANS.filter(([, , where]) => where.test(file.path)).flatMap(([word, see, , why]) => {
		const seen =
			see === "imports" ? importsOf(file) : [see === "code" ? codeOf(file.text) : file.text];
		return seen.flatMap((text) => word.exec(text)?.[0] ?? []).map((found) => `${found} ${why}`);
	});
}

function fileRule(file: SourceFile, linesMax = LINES.refusal): string[] {
	if (!/^(?:src|test)\/.*\.[jt]sx?$/.test(file.path)) return [];
	const lines = file.text.trimEnd().split("\n").length;
	return lines > linesMax ? [`has ${lines} lines of at most ${linesMax}`] : [];
}

/**
 * Lines from the one that opens a function's braces to the one that closes them, as the formatter
 * indents both. Not counted: a parameter list over several lines, an arrow function without braces.
 */
function functionRule(file: SourceFile): string[] {
	if (!SRC.test(file.path)) return [];
	const lines = codeOf(file.text).split("\n");
	return lines.flatMap((line, start) => {
		const opens = /(?:=>|\)(?:: .*)?|\bfunction\b.*) \{\s*$/.test(line);
		if (!opens || /^\s*(?:\} )?(?:if|for|while|switch|catch|else)\b/.test(line)) return [];
		const closing = `${/^\s*/.exec(line)?.[0] ?? ""}}`;
		const length = lines.slice(start + 1).findIndex((later) => later.startsWith(closing)) + 2;
		if (length <= LINES.ofFunction) return [];
		return [`the function at line ${start + 1} has ${length} lines of at most ${LINES.ofFunction}`];
	});
}

/** drizzle skips a migration that is stamped before one that it has already applied. */
function journalRule(file: SourceFile): string[] {
	if (!/^drizzle\/.*\/_journal\.json$/.test(file.path)) return [];
	const { entries } = JSON.parse(file.text) as { entries: { idx: number; when: number }[] };
	return entries.flatMap(({ idx, when }, index) => {
		const grows = when > (entries[index - 1]?.when ?? 0);
		return idx === index && grows
			? []
			: [`entry ${index} is out of order: idx ${idx}, when ${when}`];
	});
}

function projectFiles(): SourceFile[] {
	const root = posix.join(import.meta.dirname, "..");
	const paths = ["src", "test", "drizzle"].flatMap((folder) =>
		readdirSync(posix.join(root, folder), { recursive: true, encoding: "utf8" })
			.filter((name) => /\.(?:[jt]sx?|json)$/.test(name))
			.map((name) => posix.join(folder, name)),
	);
	const read = (path: string) => ({ path, text: readFileSync(posix.join(root, path), "utf8") });
	return [...paths, "package-lock.json"].map(read);
}

describe("the project", () => {
	const files = projectFiles();

	it("is seen whole: its sources, their imports and both journals", () => {
		expect(files.map((file) => file.path)).toContain("src/workflow-runner.ts");
		expect(files.filter((file) => file.path.endsWith("_journal.json")).length).toBeGreaterThan(1);
		expect(files.filter((file) => importsOf(file).length > 0).length).toBeGreaterThan(40);
	});

	it("keeps its walls and its tidiness", () => {
		expect(violations(files)).toEqual([]);
	});

	it("lists files that are long enough for a question", () => {
		for (const file of files) {
			for (const fault of fileRule(file, LINES.question)) console.warn(`${file.path} ${fault}`);
		}
	});
});

const lines = (count: number, line = "x();") => `${line}\n`.repeat(count);
const body = (head: string, length: number, end = "}") =>
	`${head}\n${lines(length - 2, "\tx();")}${end}\n`;
const journal = (...entries: [idx: number, when: number][]) =>
	JSON.stringify({ entries: entries.map(([idx, when]) => ({ idx, when })) });

it.each([
	["src/model/a.ts", "model may import no room", 'export * from "../db/b";'],
	["src/model/a.ts", "model may import no room", 'import type { b } from "../engine/b";'],
	["src/model/a.ts", "model may import no room", 'import "../../drizzle/instance/migrations";'],
	["src/db/a.ts", "db may import model", 'import {\n\ttype B,\n} from "../engine/b.ts";'],
	["src/engine/a/b.ts", "engine may import model, db", 'let c: import("../../shards/c").C;'],
	["src/shards/a.ts", "shards may import model, db", 'const b = await import("../engine/b");'],
	["src/client/a.ts", "client may import model", 'import { b } from "../db/b";'],
	["src/workflow-runner.ts", "workflow-runner may import", 'import { b } from "./http/b";'],
	["src/authoring/a/b.ts", "authoring may import", 'import { c } from "../../engine/pass";'],
	["src/authoring/a/b.ts", "never import each other", 'import type { c } from "../d/c";'],
	["src/authoring/a.ts", "never import each other", 'import { c } from "./d/c";'],
	["src/workflows/a.ts", "workflows may import library", 'import { b } from "../model/b";'],
	["src/http/a.ts", "http may import model, client", 'import { b } from "durable-workflows";'],
	["src/service-client/a.ts", "service-client may import model", 'import "../client/b";'],
	[
		"src/dashboard/a.tsx",
		"dashboard may import service-client",
		'import { b } from "../client/b";',
	],
	["src/cli/a.ts", "cli may import service-client", 'import { b } from "../model/codec";'],
	["src/http/a.ts", "commander is for cli/", 'import { Command } from "commander";'],
	["src/service-client/a.ts", "node:fs is for cli/", 'import { readFileSync } from "node:fs";'],
	["src/utils/a.ts", '"utils" is no room', ""],
	["src/engine/a.ts", "drizzle-orm is for db", 'import { eq } from "drizzle-orm/sql";'],
	["src/index.ts", "hono is for http", 'import { Hono } from "hono";'],
	["src/http/a.ts", "croner is for shards/cron.ts", 'import { Cron } from "croner";'],
	["src/client/a.ts", "@hono is for http", 'import { zValidator } from "@hono/zod-validator";'],
	["src/index.ts", "cloudflare: is for", 'import { env } from "cloudflare:workers";'],
	["src/client/a.ts", "cloudflare: is for", 'const a = await import("cloudflare:workers");'],
	["src/engine/a.ts", "DurableObjectState is for", "type A = DurableObjectState;"],
	["src/engine/a.ts", "DurableObjectStorage is for db", "type A = DurableObjectStorage;"],
	["src/db/database.ts", "DurableObject is for", "class A extends DurableObject {}"],
	["src/db/a.ts", "setAlarm is for", "storage.setAlarm(1);"],
	["src/library.ts", "ctx.storage is for", "this.ctx.storage.sql;"],
	["src/engine/a.ts", "Date.now reads a clock", "const at = `$" + "{Date.now()}`;"],
	["src/model/a.ts", "new Date() reads a clock", "const at = new Date();"],
	["src/authoring/a/b.ts", "Math.random is random", "const n = /'/.test(a) ? 0 : Math.random();"],
	["src/http/a.ts", "as any says nothing", "const b = a as any;"],
	["src/http/a.ts", "TODO is not for main", "// TODO: all of it"],
	["src/http/a.ts", "@ts-ignore hides a fault", "// @ts-ignore"],
	["src/http/a.ts", "biome-ignore needs a reason", "// biome-ignore lint/style/useConst"],
	["src/http/a.ts", "has 601 lines of at most 600", lines(601)],
	["test/engine/a.test.ts", "has 601 lines of at most 600", lines(601)],
	["src/http/a.ts", "line 1 has 81 lines of at most 80", body("function a(b: B): C {", 81)],
	["src/http/a.ts", "line 1 has 81 lines", body("const a = b(async () => {", 81, "});")],
	["src/http/a.ts", "line 3 has 81 lines", body("function a(\n\tb: B,\n): { c: D } {", 81)],
	["src/http/a.ts", "line 2 has 81 lines", body("class A {\n\tget a() {", 81, "\t}\n}")],
	["drizzle/a/meta/_journal.json", "entry 1 is out of order", journal([0, 5], [1, 5])],
	["drizzle/a/meta/_journal.json", "idx 2, when 6", journal([0, 5], [2, 6])],
	["package-lock.json", "ties each install", '{ "resolved": "https://a.example/b.tgz" }'],
])("in %s is refused: %s", (path, fault, text) => {
	expect(violations([{ path, text }])).toEqual([expect.stringContaining(fault)]);
});

it.each([
	["src/engine/a.ts", "its room, and db", 'import "../db/b";\nimport type { c } from "./d/c";'],
	["src/db/database.ts", "migrations", 'import m from "../../drizzle/a/b";\nimport "drizzle-orm";'],
	["src/db/database.ts", "the type of the storage", "let a: DurableObjectStorage;"],
	["src/authoring/a/b.ts", "its style", 'import { c } from "./d/c";\nimport { d } from "../a/d";'],
	["src/authoring/a/b.ts", "the program", 'import { c } from "../../engine/program";'],
	["src/client/worker-env.ts", "the bindings", 'const a = await import("cloudflare:workers");'],
	["src/workflows/a/b.ts", "a sibling", 'import { c } from "../../library";\nimport "../d";'],
	["src/index.ts", "every room", 'import { a } from "./http/a";\nimport { b } from "./shards/b";'],
	["src/model/a.ts", "a comment", '// import "../db/b"; Date.now(): any\nimport "devalue";'],
	["src/model/a.ts", "a string", 'const a = "setAlarm"; /* DurableObject */ b = new Date(0);'],
	["src/client/a.ts", "time and chance", "const at = Date.now() + Math.random();"],
	["src/http/a.ts", "a reason", "// biome-ignore lint/style/useConst: set below\na = b.any(c);"],
	["src/http/a.ts", "600 lines", lines(600)],
	["src/http/a.ts", "80 lines each", body("a() {", 80) + body("const b = () => {", 80, "};")],
	["test/a.test.ts", "a long test", body('import "../src/db/b";\nit(() => {', 99, "});")],
	["drizzle/a/meta/_journal.json", "growing stamps", journal([0, 5], [1, 6], [2, 7])],
	["package-lock.json", "no address", '{ "integrity": "sha512-a" }'],
])("in %s is fine: %s", (path, _, text) => {
	expect(violations([{ path, text }])).toEqual([]);
});
