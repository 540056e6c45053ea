// `npm run db:generate`: for each family of tables, the next migration where its schema changed,
// and `fresh.sql`, which makes the newest schema at once. New objects start from that: running
// every migration ever made would cost each of them more than its first steps.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const FAMILIES = {
	instance: "config",
	history: "history.config",
	carried: "carried.config",
	delivery: "delivery.config",
	shard: "shard.config",
	directory: "directory.config",
	job: "job.config",
};

for (const [family, config] of Object.entries(FAMILIES)) {
	const kit = (command, options) =>
		execFileSync("drizzle-kit", [command, "--config", `drizzle.${config}.ts`], options);
	kit("generate", { stdio: "inherit" });
	writeFileSync(
		`drizzle/${family}/fresh.sql`,
		kit("export", { stdio: ["ignore", "pipe", "inherit"] }),
	);
}
