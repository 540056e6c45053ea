/** A schedule under test, with the shard that it lives in. */
import { runInDurableObject } from "cloudflare:test";
import {
	createSchedule,
	describeSchedule,
	type ScheduleInput,
	triggerSchedule,
} from "../../src/client/schedules";
import { shardName } from "../../src/model/ids";
import type { ScheduleDetails, ScheduleRun } from "../../src/model/schedule";
import { runners, TestInstance } from "../support/instance";
import { clock } from "../support/lab";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const nextHour = () => Math.floor(clock.now() / HOUR) * HOUR + HOUR;

/** A scheduled time as the ids of instances have it. */
export const stamp = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.000/g, "");

export class TestSchedule {
	readonly shard: TestInstance;

	private constructor(
		readonly type: string,
		readonly id: string,
	) {
		this.shard = new TestInstance(shardName(type));
	}

	static async create(type: string, input: ScheduleInput): Promise<TestSchedule> {
		return new TestSchedule(type, (await createSchedule(runners, type, input)).id);
	}

	show(): Promise<ScheduleDetails> {
		return describeSchedule(runners, this.id);
	}

	/** What became of its runs, the latest first. */
	async outcomes(): Promise<string[]> {
		return (await this.show()).runs.map(({ outcome }) => outcome);
	}

	trigger(key?: string, actor = "tester"): Promise<ScheduleRun> {
		return triggerSchedule(runners, this.id, { actor, key });
	}

	/** Moves the clock to when the shard is woken next, if that is not later, and fires the alarm. */
	async fire(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
		const alarmAt = await this.shard.alarmAt();
		if (alarmAt === null || alarmAt > untilMs) return false;
		clock.advance(Math.max(0, alarmAt - clock.now()));
		await this.wake();
		return true;
	}

	/** Lets time pass, with all alarms of the shard at their times. */
	async pass(ms: number): Promise<void> {
		const until = clock.now() + ms;
		while (await this.fire(until));
		clock.advance(until - clock.now());
	}

	/** Lets time pass while nothing runs, then the alarm comes, late. */
	async away(ms: number): Promise<void> {
		await this.shard.evict();
		clock.advance(ms);
		await this.wake();
	}

	/** Fires the alarm, due or not, and waits until it is through. */
	async wake(): Promise<void> {
		// Unlike the platform's own, this alarm may come while another is handled.
		await runInDurableObject(this.shard.stub, async (object, { storage }) => {
			await storage.deleteAlarm();
			await object.alarm?.();
		});
	}
}
