/** What graphs start instances of other types by: the service that they run in. */
import { createInstance } from "../../client/create-instance";
import { environment } from "../environment";
import type { Children } from "./control";

/** Instances of this service. */
export const serviceChildren: Children = {
	async start({ type, id, payload, parent }) {
		const { WORKFLOW_RUNNER: runners } = environment(undefined);
		await createInstance(runners, {
			...{ type, id, payload, onConflict: "return" },
			...(parent === null ? {} : { parent, by: { actor: `instance:${parent.id}` } }),
		});
	},
};
