/**
 * `Workflow`: the fluent style (seeds 000 and 001). `define` makes an entry of the registry; the
 * others create and steer instances, from any Worker that binds `WORKFLOW_RUNNER`. They take the
 * Worker's own bindings unless others are given as the last argument.
 */
import { define } from "./define";
import { getStatus, restart, resume, start } from "./executions";
import {
	create,
	createMany,
	getStepErrorHistory,
	list,
	logs,
	pause,
	remove,
	repair,
	schedule,
	schedules,
	sendEvent,
	status,
	terminate,
	unschedule,
} from "./instances";

export const Workflow = {
	define,
	start,
	create,
	createMany,
	getStatus,
	status,
	getStepErrorHistory,
	resume,
	restart,
	pause,
	terminate,
	sendEvent,
	list,
	logs,
	repair,
	delete: remove,
	schedule,
	schedules,
	unschedule,
};
