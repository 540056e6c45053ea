/**
 * Hashes of texts, to tell one from another and to spread ids. Collisions are easy to make on
 * purpose: nobody may gain from one.
 */

/** 32 bits by FNV-1a over UTF-16 code units (Fowler, Noll, Vo; RFC 9923). */
export function hash32(text: string, basis = 0x811c9dc5): number {
	let hash = basis;
	for (let at = 0; at < text.length; at++) {
		hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
	}
	return hash >>> 0;
}

/** 53 bits, as many as a number holds: two such hashes side by side. */
export function hash53(text: string): number {
	return hash32(text) * 2 ** 21 + (hash32(text, 0x9e3779b9) >>> 11);
}
