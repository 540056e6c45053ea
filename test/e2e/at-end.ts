/** What must be done even when the test's process ends before its `afterAll`: Ctrl-C, a timeout. */

const tasks = new Set<() => void>();

/** Does the task when the process ends, unless it has been forgotten; last in, first out. */
export function atEnd(task: () => void): { forget(): void } {
	tasks.add(task);
	return { forget: () => void tasks.delete(task) };
}

function doAll(): void {
	for (const task of [...tasks].reverse()) {
		tasks.delete(task);
		task();
	}
}

process.on("exit", doAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
	process.once(signal, () => {
		doAll();
		// The listener is gone: this time it ends the process.
		process.kill(process.pid, signal);
	});
}
