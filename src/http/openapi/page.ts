/**
 * The document as a page, rendered here: it needs nothing from elsewhere, and no script to be read.
 * The script sends requests from it.
 */
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type {
	DocumentedOperation,
	DocumentedResponse,
	JsonMedia,
	OpenApiDocument,
	Parameter,
} from "./document";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page-parts";
import { schemaText } from "./schema-text";

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** `nonce` is that of the answer's Content-Security-Policy. */
export function documentPage(document: OpenApiDocument, nonce: string): Html {
	const { info, tags, components } = document;
	const all = Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
	);
	const sections = tags
		.map(({ name }) => ({ name, entries: all.filter((each) => each.operation.tags[0] === name) }))
		.filter(({ entries }) => entries.length > 0);
	const schemas = Object.entries(components.schemas);
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} ${info.version}</title>
<style nonce="${nonce}">${raw(PAGE_STYLE)}</style>
</head>
<body>
<nav>
<h1>${info.title} <small>${info.version}</small></h1>
<label>Token <input id="token" type="password" autocomplete="off" placeholder="for requests from here"></label>
${sections.map(
	({ name, entries }) => html`<h2>${name}</h2>
<ul>${entries.map(
		({ path, method, operation }) =>
			html`<li><a href="#${operation.operationId}"><b class="${method}">${method}</b> ${path}</a></li>`,
	)}</ul>`,
)}
<h2>Schemas</h2>
<ul>${schemas.map(([name]) => html`<li><a href="#schema-${name}">${name}</a></li>`)}</ul>
</nav>
<main>
<p>${prose(info.description)} <a href="openapi.json">openapi.json</a></p>
${sections.map(
	({ name, entries }) => html`<h2>${name}</h2>
${entries.map(({ path, method, operation }) => operationHtml(path, method, operation))}`,
)}
<h2>Schemas</h2>
${schemas.map(
	([name, schema]) => html`<section id="schema-${name}"><h3>${name}</h3>
${typeof schema.description === "string" ? html`<p>${prose(schema.description)}</p>` : ""}
<pre>${linked(schemaText(schema), components.schemas)}</pre></section>`,
)}
</main>
<script nonce="${nonce}">${raw(PAGE_SCRIPT)}</script>
</body>
</html>`;

	function operationHtml(path: string, method: string, operation: DocumentedOperation): Html {
		const {
			operationId,
			summary,
			description,
			parameters = [],
			requestBody,
			responses,
		} = operation;
		return html`<details id="${operationId}">
<summary><b class="${method}">${method}</b> <code>${path}</code> <span>${summary}</span></summary>
${description.split("\n\n").map((text) => html`<p>${prose(text)}</p>`)}
<form data-method="${method}" data-path="${path}">
${parameters.length === 0 ? "" : html`<table>${parameters.map(parameterRow)}</table>`}
${
	requestBody === undefined
		? ""
		: html`<h4>Body${requestBody.required ? "" : " (optional)"}</h4>
${mediaHtml(requestBody.content)}
<textarea name="body" rows="3" spellcheck="false" placeholder="JSON"></textarea>`
}
<button>Send</button> <output></output>
</form>
<h4>Answers</h4>
${Object.entries(responses).map(([status, response]) => {
	const { description: text, content = {} } = responseOf(response);
	return Number(status) < 400
		? html`<p><b>${status}</b> ${text}</p>${mediaHtml(content)}`
		: html`<p><b>${status}</b> ${prose(text)}</p>`;
})}
</details>`;
	}

	function responseOf(response: DocumentedResponse | { $ref: string }): DocumentedResponse {
		if (!("$ref" in response)) return response;
		const name = response.$ref.slice(response.$ref.lastIndexOf("/") + 1);
		return components.responses[name] ?? { description: name };
	}

	function mediaHtml(content: JsonMedia): Html[] {
		return Object.entries(content).map(([type, { schema }]) => {
			const name = type === "application/json" ? "" : html`<i>${type}</i>\n`;
			return html`<pre>${name}${linked(schemaText(schema), components.schemas)}</pre>`;
		});
	}
}

function parameterRow({ name, in: place, required, description, schema }: Parameter): Html {
	const said = description ?? schema.description ?? "";
	return html`<tr><td><code>${name}</code>${required ? " *" : ""}<br><small>${place}</small></td>
<td><input name="${name}" data-in="${place}" aria-label="${name}"></td>
<td><code>${schemaText(schema)}</code><br>${prose(String(said))}</td></tr>`;
}

/** Text with `code` in it. */
function prose(text: string): Html[] {
	return text
		.split("`")
		.map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

/** Names of schemas lead to them. */
function linked(text: string, schemas: Readonly<Record<string, unknown>>): Html[] {
	return text
		.split(/\b([A-Z]\w+)\b/)
		.map((part) =>
			Object.hasOwn(schemas, part) ? html`<a href="#schema-${part}">${part}</a>` : html`${part}`,
		);
}
