/** `workflow start`: an execution of a workflow. */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { UnreachableError } from "../../service-client/faults";
import { instanceText } from "../details";
import { Ended, UsageError } from "../exit";
import { exitCodeOf, followToEnd } from "../follow";
import { example, formatOption, openSession } from "../session";
import { collectTag, parseJson, readJson, readText, wholeNumber } from "../values";

export const startCommand = () =>
	new Command("start")
		.description("Start an execution of a workflow")
		.argument("<workflow>", "its name")
		.option("-i, --input <json>", "its input; - reads stdin")
		.option("-f, --input-file <file>", "a file with its input as JSON")
		.option("--execution-id <id>", "an id of your own (default: a UUID)")
		.option(
			"--max-retries <count>",
			"attempts of each step, the first one included (default: as the workflow says)",
			wholeNumber(1, 10_000),
		)
		.option(
			"--retry-delay <ms>",
			"milliseconds before the second attempt (default: as the workflow says)",
			wholeNumber(0),
		)
		.option("--delay <duration>", "start later: 30s, 5m, 24h")
		.option("--priority <number>", "of those that wait for a slot, larger ones go first", priority)
		.option("--tag <name=value>", "an attribute to find it by; may be repeated", attribute)
		.option("--reason <text>", "for the audit")
		.option("--wait", "follow it to its end; the exit code tells success from failure")
		.addOption(formatOption())
		.addHelpText(
			"after",
			example(
				`workflow start data-pipeline --input '{"source": "database", "target": "s3"}'`,
				"cat input.json | workflow start data-pipeline --input - --wait",
			),
		)
		.action(async (type, options, command) => {
			const { executionId: id = crypto.randomUUID(), maxRetries, retryDelay, wait } = options;
			const { delay, priority, tag: attributes, reason } = options;
			const payload = await inputOf(options);
			const session = openSession(command);
			const { service, terminal, show } = session;
			const retry =
				maxRetries === undefined && retryDelay === undefined
					? undefined
					: { limit: maxRetries, delay: retryDelay };
			const input = { type, id, payload, retry, delay, priority, attributes, reason };
			const created = await service.create(input).catch((error: unknown) => {
				// Whether it was created, nobody knows.
				if (error instanceof UnreachableError && error.cause !== undefined) {
					terminal.note(`workflow status ${id} tells whether it was started all the same.`);
				}
				throw error;
			});
			if (!wait) {
				show(created, () => `Started ${type}: ${id} (${created.status})`);
				terminal.note(`workflow status ${id} --follow follows it.`);
				return;
			}
			terminal.note(`Started ${type}: ${id}`);
			const end = await followToEnd(session, id);
			show(end, () => instanceText(end, terminal, Date.now()));
			throw new Ended(exitCodeOf(end));
		});

async function inputOf({
	input,
	inputFile,
}: {
	input?: string | undefined;
	inputFile?: string | undefined;
}): Promise<unknown> {
	if (input !== undefined && inputFile !== undefined) {
		throw new UsageError("--input and --input-file both give the input: give one of them.");
	}
	if (inputFile !== undefined) return parseJson(await readText(inputFile), inputFile);
	// An empty object, as the developer guide has it.
	return input === undefined ? {} : readJson(input, "--input");
}

/** Of an execution each has a value. */
function attribute(text: string, before: Record<string, string> = {}): Record<string, string> {
	const [[name, value] = []] = Object.entries(collectTag(text));
	if (name !== undefined && typeof value === "string") return { ...before, [name]: value };
	throw new InvalidArgumentError("Expected name=value.");
}

function priority(text: string): number {
	if (/^-?\d{1,4}$/.test(text)) return Number(text);
	throw new InvalidArgumentError("Expected a whole number from -1000 to 1000.");
}
