/**
 * The objects as a caller reaches them that may use some types only. Whatever is asked through
 * here is refused where it is about another type: a shard by its name, before it is asked; an
 * instance or a job by itself, since only it knows its type (`Reach`).
 */
import { type NamePatterns, requireAllowed } from "../model/access";
import { parseShardName } from "../model/ids";
import type { RunnerNamespace } from "./runner-client";

type Stub = ReturnType<RunnerNamespace["getByName"]>;

/** @throws {WorkflowError} `FORBIDDEN`, from `getByName` and from the calls. */
export function withinTypes(runners: RunnerNamespace, types: NamePatterns): RunnerNamespace {
	return {
		getByName(name) {
			const shard = parseShardName(name);
			if (shard === undefined) return stubWithin(runners.getByName(name), types);
			requireAllowed("types", types, [shard.type]);
			return runners.getByName(name);
		},
	};
}

/** Every call says which types it is limited to, and names no other. */
function stubWithin(stub: Stub, onlyTypes: NamePatterns): Stub {
	return new Proxy(stub, {
		get: (target, method) => (request?: { type?: string; types?: readonly string[] }) => {
			const named = request?.types ?? (request?.type === undefined ? [] : [request.type]);
			requireAllowed("types", onlyTypes, named);
			// Every method of these interfaces takes one request at most.
			const calls = target as unknown as Record<typeof method, (request: object) => unknown>;
			return calls[method]?.({ ...request, onlyTypes });
		},
	});
}
