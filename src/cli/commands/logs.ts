/** `workflow logs`: what an execution has logged. */
import { Command, Option } from "@commander-js/extra-typings";
import { isTerminal, LOG_LEVELS, type LogLevel } from "../../service-client/answers";
import { live } from "../live";
import { example, formatOption, openSession, type Session } from "../session";
import { brief, moment } from "../words";

export const logsCommand = () =>
	new Command("logs")
		.description("Print what an execution has logged, the oldest line first")
		.argument("<execution-id>")
		.option("--follow", "go on with new lines until it ends")
		.addOption(new Option("--level <level>", "lines of this level and above").choices(LOG_LEVELS))
		.addOption(formatOption())
		.addHelpText(
			"after",
			example(
				"workflow logs order-17 --level warn",
				"workflow logs order-17 --follow --format json",
			),
		)
		.action(async (id, { follow = false, level }, command) => {
			const session = openSession(command);
			await (follow ? followLogs(session, id, level) : printLogs(session, id, level));
		});

interface Line {
	at: number;
	level: LogLevel;
	message: string;
	step: string | null;
	fields: Readonly<Record<string, unknown>> | null;
}

const PAGE = 1_000;

async function printLogs(
	{ service, terminal, format, show }: Session,
	id: string,
	level: LogLevel | undefined,
): Promise<void> {
	let after: number | undefined;
	let gone = 0;
	const all: Line[] = [];
	do {
		const { lines, dropped, nextAfter } = await service.logs(id, { level, after, limit: PAGE });
		if (format === "table") for (const line of lines) terminal.print(lineText(line, terminal));
		else all.push(...lines);
		gone = dropped;
		after = nextAfter ?? undefined;
	} while (after !== undefined);
	if (format === "json") show(all, () => "");
	if (gone > 0) terminal.note(`${gone} older lines are gone.`);
}

/** As JSON: a line each. */
async function followLogs(
	{ service, terminal, format }: Session,
	id: string,
	least: LogLevel | undefined,
): Promise<void> {
	const { status } = await service.instance(id, { steps: false });
	const goOn = `workflow logs ${id} --follow begins with the oldest line again.`;
	await live({ ...terminal, isLive: false }, goOn, async ({ signal, say }) => {
		const onLost = (error: Error) => say(`${error.message} Trying again …`);
		const events = ["log.workflow"];
		for await (const { name, data } of service.follow(id, { events, signal, onLost })) {
			if (name !== "log.workflow") continue;
			const {
				at,
				level,
				message,
				fields,
				stepName: step,
			} = data as unknown as Line & {
				stepName: string | null;
			};
			if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least ?? "debug")) continue;
			const line = { at, level, message, step, fields };
			terminal.print(format === "json" ? JSON.stringify(line) : lineText(line, terminal));
		}
		signal.throwIfAborted();
	});
	if (isTerminal(status)) terminal.note(`It has ended: ${status}.`);
}

const LEVEL_COLORS = { debug: "dim", info: "cyan", warn: "yellow", error: "red" } as const;

function lineText(
	{ at, level, step, message, fields }: Line,
	{ colors }: Session["terminal"],
): string {
	const parts = [
		colors.dim(moment(at)),
		colors[LEVEL_COLORS[level]](level.padEnd(5)),
		...(step === null ? [] : [colors.dim(`[${step}]`)]),
		message,
		...(fields === null || Object.keys(fields).length === 0
			? []
			: [colors.dim(brief(fields, 400))]),
	];
	return parts.join(" ");
}
