/** The OpenAPI document: every route is in it and no other, it is valid, and the stored text is it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { createApp } from "../src/http/app";
import { API_VERSION, OPERATIONS, openApiDocument } from "../src/http/openapi/document";
import { documentFile } from "../src/http/openapi/document-file";
import { documentPage } from "../src/http/openapi/page";
import { schemaText } from "../src/http/openapi/schema-text";
import type { DefinitionFormat } from "../src/model/definition";

// With definitions, so that all routes are there; none of them is asked anything.
const { routes } = createApp({ types: new Map(), definitions: {} as DefinitionFormat });
const document = openApiDocument(routes);
const textOf = (path: string) => readFileSync(join(import.meta.dirname, "..", path), "utf8");
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe("the document", () => {
	it("describes every route, and none that there is not", () => {
		const there = routes
			.filter(({ method }) => method !== "ALL")
			.map(({ method, path }) => `${method} ${path}`);
		expect([...new Set(there)].sort()).toEqual(Object.keys(OPERATIONS).sort());
	});

	it("is what the service has as text (else: npm run openapi:generate)", () => {
		expect(textOf("src/http/openapi/text.ts") === documentFile(document)).toBe(true);
	});

	it("is valid OpenAPI 3.1", async () => {
		const validator = new Validator();
		const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
		expect(errors).toBeUndefined();
		expect([valid, validator.version]).toEqual([true, "3.1"]);
	});

	it("refers to what it has, and has nothing that is not referred to", () => {
		const text = JSON.stringify(document);
		const referred = [...new Set(text.match(/#\/components\/(?:schemas|responses)\/[^"]+/g))];
		const { schemas, responses } = document.components;
		const had = [
			...Object.keys(schemas).map((name) => `#/components/schemas/${name}`),
			...Object.keys(responses).map((name) => `#/components/responses/${name}`),
		];
		expect(referred.sort()).toEqual(had.sort());
		for (const name of Object.keys(responses)) expect(name).toMatch(/^[\w.-]+$/);
	});

	it("names each operation once", () => {
		const ids = operations.map(({ operationId }) => operationId);
		expect(new Set(ids).size).toBe(ids.length);
		for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
	});

	it("has the parameters of each path", () => {
		for (const [path, methods] of Object.entries(document.paths)) {
			const named = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
			for (const { parameters = [] } of Object.values(methods)) {
				const inPath = parameters.filter((parameter) => parameter.in === "path");
				expect(inPath.map(({ name }) => name)).toEqual(named);
			}
		}
	});

	it("says which role each operation needs", () => {
		const roles = Object.fromEntries(operations.map((each) => [each.operationId, each["x-role"]]));
		expect(roles).toMatchObject({
			getService: null,
			getDocument: null,
			listInstances: "viewer",
			createInstance: "operator",
			storeDefinition: "author",
			getReindex: "admin",
		});
		const open = operations.filter(({ security }) => security !== undefined);
		expect(open.map((each) => each["x-role"])).toEqual([null, null, null]);
	});

	it("is of the version of the package", () => {
		const text = textOf("package.json");
		expect(API_VERSION).toBe(JSON.parse(text).version);
	});

	it("describes headers, streams and refusals", () => {
		const of = (path: string, method: string) => document.paths[path]?.[method];
		const headers = (path: string, method: string) =>
			(of(path, method)?.parameters ?? [])
				.filter((parameter) => parameter.in === "header")
				.map(({ name }) => name);
		expect(headers("/workflows", "post")).toEqual(["X-Actor", "Idempotency-Key"]);
		expect(headers("/workflows/{id}/stream", "get")).toEqual(["Last-Event-ID"]);
		expect(of("/workflows/{id}/stream", "get")?.responses).toMatchObject({
			200: { content: { "text/event-stream": {} } },
			204: {},
		});
		expect(Object.keys(of("/workflows", "post")?.responses ?? {})).toEqual([
			"200",
			"201",
			"202",
			"400",
			"401",
			"403",
			"409",
			"413",
			"415",
			"422",
			"429",
			"500",
			"503",
		]);
	});
});

describe("the page", () => {
	it("shows every operation and schema", async () => {
		const page = String(await documentPage(document, "n"));
		for (const { operationId } of operations) expect(page).toContain(`id="${operationId}"`);
		for (const name of Object.keys(document.components.schemas)) {
			expect(page).toContain(`id="schema-${name}"`);
		}
	});

	it("takes nothing for markup that it shows", async () => {
		const evil = {
			...document.info,
			title: "<script>alert(1)</script>",
			description: '"><b>`<i>`',
		};
		const page = String(await documentPage({ ...document, info: evil }, "n"));
		expect(page).not.toContain("<script>alert");
		expect(page).not.toContain('"><b>');
		expect(page).toContain("<code>&lt;i&gt;</code>");
	});
});

it.each([
	[{ type: "string" }, "string"],
	[{ type: ["string", "null"] }, "string | null"],
	[{}, "any JSON"],
	[{ $ref: "#/components/schemas/Step" }, "Step"],
	[{ enum: ["a", 1] }, '"a" | 1'],
	[{ anyOf: [{ type: "string" }, { type: "null" }] }, "string | null"],
	[
		{ type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] } },
		"(string | number)[]",
	],
	[{ type: "object", additionalProperties: { type: "integer" } }, "{ [name]: integer }"],
	[
		{
			properties: { a: { const: "x" }, b: { type: "string", description: "Why." } },
			required: ["a"],
		},
		'{\n  a: "x";\n  b?: string;  // Why.\n}',
	],
])("%j reads as %s", (schema, text) => {
	expect(schemaText(schema)).toBe(text);
});
