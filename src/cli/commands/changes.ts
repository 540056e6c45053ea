/** What is done to one execution: `pause`, `resume`, `terminate`, `restart`, `repair`, `event`, `delete`. */
import { Argument, Command } from "@commander-js/extra-typings";
import { UsageError } from "../exit";
import { example, formatOption, openSession } from "../session";
import { readJson } from "../values";

const SIMPLE = {
	pause: "Pause an execution: steps at work finish, nothing new begins",
	resume: "Have a paused execution go on",
	terminate: "End an execution now",
} as const;

export const changeCommands = () => [
	simpleCommand("pause"),
	simpleCommand("resume"),
	simpleCommand("terminate"),
	restartCommand(),
	repairCommand(),
	eventCommand(),
	deleteCommand(),
];

function simpleCommand(action: keyof typeof SIMPLE) {
	return new Command(action)
		.description(SIMPLE[action])
		.argument("<execution-id>")
		.option("--reason <text>", "for the audit")
		.addOption(formatOption())
		.addHelpText("after", example(`workflow ${action} order-17 --reason "the shop is closed"`))
		.action(async (id, { reason }, command) => {
			const { service, show } = openSession(command);
			const changed = await service.change(id, action, { reason });
			show(changed, () => `${id} is ${changed.status}.`);
		});
}

function restartCommand() {
	return new Command("restart")
		.description("Run an execution anew, from the top or from a step; a panicked one goes on")
		.argument("<execution-id>")
		.option("--from <step>", "keep what was recorded before this step")
		.option("--reason <text>", "for the audit")
		.addOption(formatOption())
		.addHelpText("after", example("workflow restart order-17 --from charge"))
		.action(async (id, { from, reason }, command) => {
			const { service, terminal, show } = openSession(command);
			const changed = await service.change(id, "restart", { from, reason });
			show(changed, () => `${id} is ${changed.status}.`);
			terminal.note(`workflow status ${id} --follow follows it.`);
		});
}

function repairCommand() {
	return new Command("repair")
		.description("Deal with a step that went wrong or takes too long")
		.argument("<execution-id>")
		.addArgument(
			new Argument("<action>", "what to do").choices([
				...(["set-output", "skip", "fire-sleep", "retry-now"] as const),
			]),
		)
		.argument("<step>")
		.argument("[json]", "the step's result, for set-output and skip; - reads stdin")
		.option("--reason <text>", "for the audit")
		.addOption(formatOption())
		.addHelpText(
			"after",
			example(
				`workflow repair order-17 set-output charge '{"chargeId": "ch_1"}'`,
				"workflow repair order-17 retry-now charge",
			),
		)
		.action(async (id, action, step, json, { reason }, command) => {
			const takesOutput = action === "set-output" || action === "skip";
			if (json !== undefined && !takesOutput) throw new UsageError(`${action} takes no result.`);
			if (json === undefined && action === "set-output") {
				throw new UsageError(`set-output needs the step's result as JSON.`);
			}
			const output = json === undefined ? {} : { output: await readJson(json, "The result") };
			const { service, show } = openSession(command);
			const changed = await service.repair(id, { action, step, reason, ...output });
			show(changed, () => `${id} is ${changed.status}.`);
		});
}

function eventCommand() {
	return new Command("event")
		.description("Send an event to an execution")
		.argument("<execution-id>")
		.argument("<event>", "its name")
		.argument("[json]", "its payload; - reads stdin")
		.addOption(formatOption())
		.addHelpText("after", example(`workflow event order-17 approval '{"approved": true}'`))
		.action(async (id, event, json, _options, command) => {
			const payload = json === undefined ? undefined : await readJson(json, "The payload");
			const { service, show } = openSession(command);
			const sent = await service.sendEvent(id, event, payload);
			show(sent, () => `${id} has the event ${event}.`);
		});
}

function deleteCommand() {
	return new Command("delete")
		.description("Forget an execution that has ended")
		.argument("<execution-id>")
		.option("--reason <text>", "for the audit")
		.addOption(formatOption())
		.addHelpText("after", example("workflow delete order-17"))
		.action(async (id, { reason }, command) => {
			const { service, show } = openSession(command);
			show(await service.remove(id, { reason }), () => `${id} is forgotten.`);
		});
}
