/** `workflow types`: the catalogue, and what an operator decides about a workflow. */
import { Command } from "@commander-js/extra-typings";
import { type BreakerView, TYPE_STATUSES, type TypeInfo } from "../../service-client/answers";
import type { TypeChanges } from "../../service-client/service-client";
import { UsageError } from "../exit";
import { example, formatOption, openSession } from "../session";
import { fields, table } from "../table";
import type { Terminal } from "../terminal";
import { collectOf, wholeNumber } from "../values";
import { brief, duration, moment, momentOrNever } from "../words";
import { showTypes } from "./list";

export const typesCommand = () =>
	new Command("types")
		.description("Workflows: what they declare, their limits, and whether they take executions")
		.addHelpText("after", example("workflow types show order", "workflow types deactivate order"))
		.addCommand(listCommand(), { isDefault: true })
		.addCommand(showCommand())
		.addCommand(graphCommand())
		.addCommand(statusCommand("activate", "active", "Have a workflow take executions again"))
		.addCommand(statusCommand("deactivate", "inactive", "Refuse new executions; those there go on"))
		.addCommand(statusCommand("archive", "archived", "As deactivate, and leave it out of lists"))
		.addCommand(limitCommand());

function listCommand() {
	return new Command("list")
		.alias("ls")
		.description("List all workflows")
		.option("-s, --status <status>", "those that are", collectOf(TYPE_STATUSES))
		.addOption(formatOption())
		.addHelpText("after", example("workflow types list --status archived"))
		.action(async ({ status }, command) => showTypes(openSession(command), status));
}

function showCommand() {
	return new Command("show")
		.description("Show all that is known of a workflow")
		.argument("<workflow>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow types show order"))
		.action(async (name, _options, command) => {
			const { service, terminal, show } = openSession(command);
			const [type, breakers] = await Promise.all([service.type(name), service.breakers(name)]);
			show({ ...type, breakers }, () => typeText(type, breakers, terminal));
		});
}

function graphCommand() {
	return new Command("graph")
		.description("Print the steps of a workflow and the ways between them, as Mermaid text")
		.argument("<workflow>")
		.addOption(formatOption())
		.addHelpText("after", example("workflow types graph process-order"))
		.action(async (name, _options, command) => {
			const { service, terminal, format, show } = openSession(command);
			if (format === "json") show(await service.graph(name), () => "");
			else terminal.print((await service.graphText(name)).trimEnd());
		});
}

function statusCommand(word: string, status: (typeof TYPE_STATUSES)[number], description: string) {
	return new Command(word)
		.description(description)
		.argument("<workflow>")
		.addOption(formatOption())
		.addHelpText("after", example(`workflow types ${word} order`))
		.action(async (name, _options, command) => {
			const { service, show } = openSession(command);
			show(await service.changeType(name, { status }), () => `${name} is ${status}.`);
		});
}

function limitCommand() {
	return new Command("limit")
		.description("Set how many executions work at once and start in a time, without a deploy")
		.argument("<workflow>")
		.option(
			"--concurrency <count>",
			"executions at work at once; 0: as many as come",
			wholeNumber(0),
		)
		.option("--per-key <count>", "of each key", wholeNumber(0))
		.option("--max-queued <count>", "executions that may wait", wholeNumber(0))
		.option("--rate <count/time>", "starts in any stretch of time: 100/1m")
		.option("--reset", "what the workflow itself declares")
		.addOption(formatOption())
		.addHelpText("after", example("workflow types limit order --concurrency 10 --rate 100/1m"))
		.action(async (name, options, command) => {
			const changes = limitsOf(options);
			const { service, terminal, show } = openSession(command);
			const type = await service.changeType(name, changes);
			show(type, () => typeText(type, [], terminal));
		});
}

interface LimitOptions {
	concurrency?: number | undefined;
	perKey?: number | undefined;
	maxQueued?: number | undefined;
	rate?: string | undefined;
	reset?: true | undefined;
}

function limitsOf({ concurrency, perKey, maxQueued, rate, reset }: LimitOptions): TypeChanges {
	const limits = {
		...(concurrency === undefined ? {} : { limit: concurrency }),
		...(perKey === undefined ? {} : { keyLimit: perKey }),
		...(maxQueued === undefined ? {} : { maxQueued }),
	};
	const isEmpty = Object.keys(limits).length === 0;
	if (reset) {
		if (isEmpty && rate === undefined) return { concurrency: null, rate: null };
		throw new UsageError("--reset takes all limits back: give nothing beside it.");
	}
	if (isEmpty && rate === undefined) {
		throw new UsageError("Give --concurrency, --per-key, --max-queued or --rate, or --reset.");
	}
	return {
		...(isEmpty ? {} : { concurrency: limits }),
		...(rate === undefined ? {} : { rate: rateOf(rate) }),
	};
}

function rateOf(text: string): { limit: number; per: string } {
	const [, limit, per] = /^(\d+)\/(.+)$/.exec(text) ?? [];
	if (limit !== undefined && per !== undefined) return { limit: Number(limit), per };
	throw new UsageError(`--rate is as 100/1m; received ${JSON.stringify(text)}.`);
}

function typeText(type: TypeInfo, breakers: readonly BreakerView[], { width }: Terminal): string {
	const { name, version, description, status, tags, inputSchema, config, limits, guard } = type;
	const { executionCount, lastExecutionAt, counts } = type;
	const present = Object.entries(counts).filter(([, number]) => number > 0);
	const { rate, limit, keyLimit, maxQueued } = guard.limits;
	const isLimited = limit !== null || keyLimit !== null;
	const about = fields([
		["Workflow", version === null ? name : `${name} (version ${version})`],
		["Description", description],
		["Status", status],
		["Tags", tags.join(", ")],
		["Executions", `${executionCount}, the last ${momentOrNever(lastExecutionAt)}`],
		["Now", present.map(([status, number]) => `${number} ${status}`).join(", ")],
		[
			"Concurrency",
			isLimited
				? `${limit ?? "any number"}${keyLimit === null ? "" : `, ${keyLimit} of each key`}`
				: "any number",
		],
		["At work", isLimited ? `${guard.held}, ${guard.queued} wait of at most ${maxQueued}` : null],
		["Rate", rate === null ? null : `${rate.limit} in ${duration(rate.perMs)}`],
		["Timeout", limits.timeoutMs === null ? null : duration(limits.timeoutMs)],
		["Retention", limits.retentionMs === 0 ? "for ever" : duration(limits.retentionMs)],
		["Environment", config.environment],
		["Variables", Object.keys(config.variables).length === 0 ? null : brief(config.variables)],
		["Secrets", Object.keys(config.secrets).length === 0 ? null : brief(config.secrets)],
		["Input schema", inputSchema === null ? null : brief(inputSchema, 1_000)],
	]);
	return breakers.length === 0 ? about : `${about}\n\n${breakersText(breakers, width)}`;
}

function breakersText(breakers: readonly BreakerView[], width: number | undefined): string {
	return table(
		breakers,
		[
			{ head: "Breaker", cell: ({ name }) => name, isFlexible: true },
			{ head: "State", cell: ({ state }) => state },
			{
				head: "Failures",
				cell: ({ failures, failureThreshold }) => `${failures} of ${failureThreshold}`,
			},
			{ head: "Tries again", cell: ({ retryAt }) => (retryAt === null ? "" : moment(retryAt)) },
		],
		width,
	);
}
