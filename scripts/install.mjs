// Installs the dependencies when they are missing or the lock file has changed; otherwise returns
// at once. Runs before `npm start` and `npm test`, with whatever Node the machine has.
import { execSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const stamp = new URL("node_modules/.installed", root);

const wanted = createHash("sha256")
	.update(readFileSync(new URL("package-lock.json", root)))
	.digest("hex");

function installed() {
	try {
		return readFileSync(stamp, "utf8");
	} catch {
		return "";
	}
}

if (installed() !== wanted) {
	// To stderr: what runs next may have its result alone on stdout.
	console.error("Installing dependencies (once, about a minute) …");
	const stdio = ["ignore", 2, 2];
	execSync("npm ci --no-audit --no-fund --loglevel=error", { cwd: root, stdio });
	writeFileSync(stamp, wanted);
}
