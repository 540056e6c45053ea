/** The style and the script of the document's page. */

export const PAGE_STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 20rem 1fr; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: 13px; }
nav h1 { font-size: 1.1rem; margin: 0 0 .5rem; } nav h2 { font-size: .85rem; margin: 1rem 0 .2rem; }
nav ul { list-style: none; margin: 0; padding: 0; } nav a { display: block; text-decoration: none; color: inherit; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding: 1px 0; }
nav a:hover { text-decoration: underline; }
main { padding: 1rem 2rem 50vh; max-width: 70rem; min-width: 0; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: 0 .8rem; }
details[open] { padding-bottom: .8rem; } summary { cursor: pointer; padding: .45rem 0; } summary span { opacity: .75; margin-left: .5rem; }
b.get, b.post, b.put, b.patch, b.delete { display: inline-block; width: 3.6em; font: 700 11px ui-monospace, monospace; text-transform: uppercase; }
b.get { color: #2477d6; } b.post { color: #1d8a4b; } b.put, b.patch { color: #a86a00; } b.delete { color: #c93434; }
code, pre, textarea, output { font: 12.5px/1.45 ui-monospace, monospace; }
pre, output { display: block; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); border-radius: 4px; padding: .5rem .7rem; margin: .3rem 0; }
output:empty { display: none; } h4 { margin: .8rem 0 .2rem; } p { margin: .4rem 0; }
table { border-collapse: collapse; width: 100%; } td { border-top: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: top; }
input, textarea { font: inherit; width: 100%; padding: .25rem .4rem; } td:nth-child(2) { width: 14rem; } button { margin-top: .5rem; padding: .25rem 1rem; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } main { padding: 1rem; } }
`;

/** Opens what a link leads to, and sends what a form says; a stream is shown as it comes. */
export const PAGE_SCRIPT = `
const open = () => {
	const target = document.getElementById(location.hash.slice(1));
	if (target?.tagName === "DETAILS") target.open = true;
	target?.scrollIntoView();
};
addEventListener("hashchange", open);
open();
addEventListener("submit", async (event) => {
	event.preventDefault();
	const form = event.target;
	const output = form.querySelector("output");
	let path = form.dataset.path;
	const query = new URLSearchParams();
	const headers = {};
	for (const { name, value, dataset } of form.querySelectorAll("input")) {
		if (dataset.in === "path") path = path.replace("{" + name + "}", encodeURIComponent(value));
		else if (value === "") continue;
		else if (dataset.in === "query") query.append(name, value);
		else headers[name] = value;
	}
	const token = document.getElementById("token").value;
	if (token !== "") headers.Authorization = "Bearer " + token;
	const body = form.elements.body?.value || undefined;
	if (body !== undefined) headers["Content-Type"] = "application/json";
	output.textContent = "…";
	try {
		const url = path + (query.size === 0 ? "" : "?" + query);
		const answer = await fetch(url, { method: form.dataset.method.toUpperCase(), headers, body });
		output.textContent = answer.status + " " + answer.statusText + "\\n\\n";
		if (!/json/.test(answer.headers.get("Content-Type"))) {
			const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
			for (let part; reader && !(part = await reader.read()).done; ) output.textContent += part.value;
			return;
		}
		output.textContent += JSON.stringify(await answer.json(), null, 2);
	} catch (error) {
		output.textContent += String(error);
	}
});
`;
