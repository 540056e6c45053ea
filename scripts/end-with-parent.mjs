// `import "./end-with-parent.mjs"`: ends this process by SIGTERM when its parent has ended. npm ends
// its shell when it is told to end, but passes no signal on to what runs in it.
const parent = process.ppid;

setInterval(() => {
	if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
}, 500).unref();
