// `node --import ./scripts/sql-text.mjs`: imports of `.sql` files give their text, as wrangler's
// bundler has it (the rule in wrangler.jsonc). For running the engine's own modules in Node.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";

registerHooks({
	load(url, context, nextLoad) {
		if (!url.endsWith(".sql")) return nextLoad(url, context);
		const text = JSON.stringify(readFileSync(new URL(url), "utf8"));
		return { format: "module", shortCircuit: true, source: `export default ${text};` };
	},
});
