// Builds the command line into `dist/cli`: one file, which needs Node and nothing else.
import { build } from "esbuild";

await build({
	absWorkingDir: new URL("../", import.meta.url).pathname,
	entryPoints: ["src/cli/main.ts"],
	outdir: "dist/cli",
	bundle: true,
	platform: "node",
	format: "esm",
	target: "node20",
	// Libraries that are CommonJS call it.
	banner: {
		js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
	},
	logLevel: "warning",
});
