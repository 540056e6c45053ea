#!/usr/bin/env node
// `npx workflow`: the command line (`src/cli`). The package brings it built; a clone builds it when
// there is none, or one that is older than its sources.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const built = new URL("dist/cli/main.js", root);

function isStale() {
	const since = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
	return ["src/cli", "src/service-client", "src/model"].some((folder) => {
		const url = new URL(`${folder}/`, root);
		return readdirSync(url, { recursive: true }).some(
			(name) => statSync(new URL(name, url)).mtimeMs > since,
		);
	});
}

// Only a clone has the script.
if (existsSync(new URL("scripts/build-cli.mjs", root)) && isStale()) {
	if (!existsSync(new URL("node_modules/esbuild", root))) {
		await import(new URL("scripts/install.mjs", root));
	}
	await import(new URL("scripts/build-cli.mjs", root));
}

const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
const { main } = await import(built);
await main({ version, folder: fileURLToPath(root) }, process.argv.slice(2));
