// `npm start`: runs `wrangler dev` with the arguments given, and says how to use it once it is up.
import { spawn } from "node:child_process";
import "./end-with-parent.mjs";

const wrangler = spawn("wrangler", ["dev", ...process.argv.slice(2)], {
	stdio: ["inherit", "pipe", "inherit"],
	env: { WRANGLER_SEND_METRICS: "false", ...process.env },
});

let output = "";
wrangler.stdout.on("data", (chunk) => {
	process.stdout.write(chunk);
	if (output === undefined) return;
	output += chunk;
	const url = /Ready on (http:\S+)\s/.exec(output)?.[1];
	if (url === undefined) return;
	output = undefined;
	console.log(welcome(url));
});

function welcome(url) {
	const json = "-H 'Content-Type: application/json'";
	return `
The service is up at ${url}. Try:

  curl -X POST ${url}/workflows ${json} -d '{"type":"test","id":"test-1","payload":{"name":"World"}}'
  curl ${url}/workflows/test-1
  curl -X POST ${url}/workflows/test-1/events/approval ${json} -d '{"approved":true}'
`;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
	process.on(signal, () => wrangler.kill(signal));
}
wrangler.on("exit", (code, signal) => {
	process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
});
