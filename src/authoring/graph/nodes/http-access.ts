/**
 * Where the node `http` may send requests: by default to any public host, and to none that is private.
 * What a public name resolves to cannot be known here; where that matters, name the hosts in `allow`.
 */
import { WorkflowError } from "../../../model/errors";
import { shortened } from "../../../model/printable";

export interface HttpSettings {
	/** Hosts that may be asked: `api.example.com`, `*.example.com`. Default: all. */
	allow?: readonly string[] | undefined;
	/** Private, loopback and link-local addresses, and names that are not public, may be asked too. */
	allowPrivate?: boolean | undefined;
	/** Default: the global one. */
	fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** @throws {WorkflowError} `HTTP_FORBIDDEN` */
export function allowedUrl(text: string, base: URL | undefined, settings: HttpSettings): URL {
	if (!URL.canParse(text, base)) throw forbidden(text, "it is no URL");
	const url = new URL(text, base);
	if (url.protocol !== "http:" && url.protocol !== "https:") {
		throw forbidden(text, "only http and https are");
	}
	if (url.username !== "" || url.password !== "") {
		throw forbidden(`${url.protocol}//…@${url.host}`, "credentials belong into headers");
	}
	const host = url.hostname.toLowerCase().replace(/\.+$/, "");
	if (!settings.allowPrivate && isPrivateHost(host)) {
		throw forbidden(url.host, "it is a private address, or a name that is not public");
	}
	const { allow } = settings;
	if (allow !== undefined && !allow.some((pattern) => fits(host, pattern.toLowerCase()))) {
		throw forbidden(url.host, "the service allows other hosts only");
	}
	return url;
}

function fits(host: string, pattern: string): boolean {
	return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}

function forbidden(what: string, why: string): WorkflowError {
	return new WorkflowError(
		"HTTP_FORBIDDEN",
		`A request to "${shortened(what)}" is not allowed: ${why}.`,
		{ url: shortened(what) },
	);
}

/** Ends of names that are no public ones (RFC 6761, 6762, 8375, 9476; ICANN for `internal`). */
const PRIVATE_NAMES =
	/(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa|alt|invalid|test)$/;

/** `host`: as `URL` has it, which writes IPv4 in any notation as four numbers. */
export function isPrivateHost(host: string): boolean {
	if (host.startsWith("[")) return isPrivateV6(host.slice(1, -1));
	const numbers = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
	if (numbers !== null) return isPrivateV4(numbers.slice(1).map(Number));
	// A name without a dot is one of the local network.
	return !host.includes(".") || PRIVATE_NAMES.test(host);
}

/** Those that are not for the public (RFC 6890 and the IANA registry that it began), as prefix and length. */
const PRIVATE_V4: readonly (readonly [prefix: string, bits: number])[] = [
	["0.0.0.0", 8],
	["10.0.0.0", 8],
	["100.64.0.0", 10],
	["127.0.0.0", 8],
	["169.254.0.0", 16],
	["172.16.0.0", 12],
	["192.0.0.0", 24],
	["192.0.2.0", 24],
	["192.88.99.0", 24],
	["192.168.0.0", 16],
	["198.18.0.0", 15],
	["198.51.100.0", 24],
	["203.0.113.0", 24],
	["224.0.0.0", 3],
];

function isPrivateV4(numbers: readonly number[]): boolean {
	const address = numberOf(numbers);
	return PRIVATE_V4.some(([prefix, bits]) => {
		const size = 2 ** (32 - bits);
		return (
			Math.floor(address / size) === Math.floor(numberOf(prefix.split(".").map(Number)) / size)
		);
	});
}

function numberOf(bytes: readonly number[]): number {
	return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Only global unicast (2000::/3) is public, and of that not all; addresses with IPv4 in them are its. */
function isPrivateV6(text: string): boolean {
	const groups = groupsOf(text);
	if (groups === undefined) return true;
	const [a = 0, b = 0, , , , , g = 0, h = 0] = groups;
	const isNat64 = a === 0x64 && b === 0xff9b && groups.slice(2, 6).every((each) => each === 0);
	const isMapped = groups.slice(0, 5).every((each) => each === 0) && groups[5] === 0xffff;
	if (isNat64 || isMapped) return isPrivateV4([g >> 8, g & 255, h >> 8, h & 255]);
	const isGlobal = a >> 13 === 1;
	const isSpecial = a === 0x2001 && (b < 0x200 || b === 0xdb8);
	return !isGlobal || isSpecial || a === 0x2002 || (a === 0x3fff && b < 0x1000);
}

/** Eight groups, as `URL` has normalized the text: hexadecimal, with at most one `::`. */
function groupsOf(text: string): number[] | undefined {
	const [before = "", after] = text.split("::");
	const parse = (part: string) =>
		part === "" ? [] : part.split(":").map((each) => Number.parseInt(each, 16));
	const head = parse(before);
	const tail = after === undefined ? [] : parse(after);
	const missing = 8 - head.length - tail.length;
	const groups = [...head, ...Array(Math.max(missing, 0)).fill(0), ...tail];
	return groups.length === 8 && groups.every(Number.isInteger) ? groups : undefined;
}
