/**
 * What tells one definition from another: a hash of its canonical JSON (RFC 8785), in which spaces
 * and the order of keys do not count. The order of several nodes in one object does, since it is
 * the order of their places.
 */
import canonicalize from "canonicalize";
import type { Json, JsonObject } from "./definition";
import { isObject } from "./fields";

/** SHA-256 of a definition that `parseGraph` takes, as 64 hexadecimal digits. */
export async function definitionHash(definition: Json): Promise<string> {
	const ordered =
		isObject(definition) && definition.workflow !== undefined
			? { ...definition, workflow: inOrder(definition.workflow) }
			: definition;
	const text = new TextEncoder().encode(canonicalize(ordered));
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
	return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A list of places, with objects of several nodes as lists of key and value, which no route has. */
function inOrder(route: Json): Json {
	if (Array.isArray(route)) return route.map(inOrder);
	if (!isObject(route)) return route;
	const places = Object.entries(route).map(([node, given]): [string, Json] => [
		node,
		isObject(given) ? withRoutesInOrder(given) : given,
	]);
	return places.length > 1 ? places : Object.fromEntries(places);
}

function withRoutesInOrder(given: JsonObject): JsonObject {
	return Object.fromEntries(
		Object.entries(given).map(([key, value]) => [key, key.endsWith("?") ? inOrder(value) : value]),
	);
}
