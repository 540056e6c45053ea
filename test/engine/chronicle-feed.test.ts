/** What a follower reads of an instance whose id is given to another. */
import { expect, it } from "vitest";
import { type Chronicled, ChronicleFeed } from "../../src/engine/chronicle-feed";
import { clock } from "../support/lab";

const event = { id: "1.0.0.0.0.0.0.0", name: "workflow.started", at: 1, data: {} };

function instanceOf(row: { createdAt: number }): Chronicled {
	const record = { onChange: () => () => {}, row };
	return { chronicle: () => [event], isAtWork: false, record };
}

it("a feed ends where another instance has the id, however late it is read", () => {
	const row = { createdAt: 1 };
	const feed = new ChronicleFeed(instanceOf(row), null, { clock, synced: async () => {} });
	expect(feed.read()).toEqual([event]);
	row.createdAt = 2;
	expect(feed.read()).toBeUndefined();
});
