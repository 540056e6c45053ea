/**
 * Random values that can be stored (G16), for property tests, and what "the same value" means:
 * equal in every part, and the same object wherever it was the same object.
 */
import fc from "fast-check";

/** UTF-16 units of any kind: control characters, halves of surrogate pairs, both halves. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
	fc.string({ unit: "binary", maxLength: 12 }),
	fc
		.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff })), { maxLength: 8 })
		.map((units) => String.fromCharCode(...units)),
);

/** Keys that ask for trouble, but for `__proto__`, which is refused. */
const key = fc
	.oneof(
		anyText,
		fc.constantFrom("", "constructor", "toString", "length", "then", "0", "-1", "a b"),
	)
	.filter((name) => name !== "__proto__");

type View = new (buffer: ArrayBuffer, byteOffset?: number, length?: number) => ArrayBufferView;
const VIEWS: View[] = [
	DataView,
	Int8Array,
	Uint8Array,
	Uint8ClampedArray,
	Int16Array,
	Uint16Array,
	Int32Array,
	Uint32Array,
	Float32Array,
	Float64Array,
	BigInt64Array,
	BigUint64Array,
];

/** A view on all of its buffer or on a part of it. */
const view = fc
	.tuple(fc.constantFrom(...VIEWS), fc.uint8Array({ minLength: 24, maxLength: 40 }), fc.boolean())
	.map(([View, bytes, isPart]): ArrayBufferView => {
		const buffer = new Uint8Array(bytes.subarray(0, bytes.length & ~7)).buffer;
		return isPart ? new View(buffer, 8, 1) : new View(buffer);
	});

const pattern = fc
	.tuple(
		fc.constantFrom("a+", "\\/[/\\]]", "\\n", "(?<x>é)|$", ""),
		fc.constantFrom("", "gi", "su", "my"),
	)
	.map(([source, flags]) => new RegExp(source, flags));

const scalar: fc.Arbitrary<unknown> = fc.oneof(
	anyText,
	fc.double(),
	fc.integer(),
	fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, true, false),
	fc.bigInt(),
	fc.date({ noInvalidDate: false }),
	pattern,
	view,
	fc.uint8Array({ maxLength: 5 }).map((bytes) => new Uint8Array(bytes).buffer),
	fc.webUrl({ withFragments: true, withQueryParameters: true }).map((url) => new URL(url)),
	fc.array(fc.tuple(anyText, anyText), { maxLength: 3 }).map((pairs) => new URLSearchParams(pairs)),
);

/** Each container holds its first item a second time where it can. */
const { tree } = fc.letrec<{ tree: unknown }>((tie) => {
	const items = fc.array(tie("tree"), { maxLength: 4 });
	const entries = fc.array(fc.tuple(key, tie("tree")), { maxLength: 4 });
	return {
		tree: fc.oneof(
			{ maxDepth: 4, depthSize: "small", withCrossShrink: true },
			scalar,
			items.map((list) => [...list, list[0]]),
			fc
				.tuple(items, fc.nat(9))
				.map(([list, hole]) => Object.assign(new Array(hole), { [hole]: list[0] })),
			entries.map((pairs) => Object.fromEntries([...pairs, ["again", pairs[0]?.[1]]])),
			entries.map((pairs) => Object.assign(Object.create(null), Object.fromEntries(pairs))),
			fc.array(fc.tuple(tie("tree"), tie("tree")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
			entries.map((pairs) => new Map<unknown, unknown>(pairs)),
			items.map((list) => new Set(list)),
		),
	};
});

export const storable: fc.Arbitrary<unknown> = tree;

/** Where two values differ first, as a path; undefined: they are the same. */
export function difference(left: unknown, right: unknown): string | undefined {
	const partners = new Map<object, object>();
	const walk = (a: unknown, b: unknown, path: string): string | undefined => {
		if (typeof a !== "object" || a === null) return Object.is(a, b) ? undefined : path;
		if (typeof b !== "object" || b === null) return path;
		const partner = partners.get(a);
		if (partner !== undefined) return partner === b ? undefined : `${path} (another object)`;
		partners.set(a, b);
		if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) || faceOf(a) !== faceOf(b))
			return path;
		const [itemsOfA, itemsOfB] = [itemsOf(a), itemsOf(b)];
		if (itemsOfA.length !== itemsOfB.length) return `${path} (number of items)`;
		for (const [index, item] of itemsOfA.entries()) {
			const found = walk(item, itemsOfB[index], `${path}/${index}`);
			if (found !== undefined) return found;
		}
		return undefined;
	};
	const found = walk(left, right, "value");
	if (found !== undefined) return found;
	return new Set(partners.values()).size === partners.size ? undefined : "objects became one";
}

/** All that an object says without its items. */
function faceOf(value: object): string {
	if (value instanceof Date) return String(value.getTime());
	if (value instanceof ArrayBuffer) return String(new Uint8Array(value));
	if (ArrayBuffer.isView(value)) {
		return String(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
	}
	if (Array.isArray(value)) return String(value.length);
	const isText =
		value instanceof RegExp || value instanceof URL || value instanceof URLSearchParams;
	return isText ? String(value) : "";
}

/** Keys too: a hole is no `undefined`. */
function itemsOf(value: object): unknown[] {
	if (ArrayBuffer.isView(value)) return [];
	if (value instanceof Map) return [...value].flat();
	return value instanceof Set ? [...value] : Object.entries(value).flat();
}
