/**
 * Attributes: names with short values by which instances are found. A caller gives them at
 * create, a program sets them on its way.
 *
 * @example
 * { customer: "c-17", tier: 3 }
 */
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { shortened } from "./printable";

export type AttributeValue = string | number;
export type Attributes = Readonly<Record<string, AttributeValue>>;
/** What to set; null takes an attribute away. */
export type AttributeChanges = Readonly<Record<string, AttributeValue | null>>;

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Returns `name` when it can name an attribute. */
export function parseAttributeName(name: string): string {
	if (name.length <= LIMITS.attributeNameLength && NAME.test(name)) return name;
	throw new ValidationError(
		`An attribute's name is 1 to ${LIMITS.attributeNameLength} letters, digits, ".", "_" or "-", and starts with none of "." and "-"; received ${JSON.stringify(shortened(name))}.`,
		{ path: `attributes.${shortened(name)}` },
	);
}

/** Returns `value` when it is a record of attributes, or of changes to them. */
export function parseAttributeChanges(value: unknown): AttributeChanges {
	if (!isRecord(value)) {
		throw new ValidationError(
			`Attributes are an object of strings and numbers; received ${value === null ? "null" : typeof value}.`,
			{ path: "attributes" },
		);
	}
	for (const [name, each] of Object.entries(value)) {
		parseAttributeName(name);
		if (each !== null && !isAttributeValue(each)) {
			throw new ValidationError(
				`The attribute "${name}" is a finite number or a string of at most ${LIMITS.attributeTextLength} characters; received ${typeof each === "string" ? `${each.length} characters` : typeof each === "number" ? String(each) : typeof each}.`,
				{ path: `attributes.${name}` },
			);
		}
	}
	return value as AttributeChanges; // Each entry was looked at.
}

/** `before` with the changes made; @throws {ValidationError} for more than `LIMITS.attributes`. */
export function withAttributes(before: Attributes, changes: AttributeChanges): Attributes {
	const after = new Map(Object.entries(before));
	for (const [name, value] of Object.entries(changes)) {
		if (value === null) after.delete(name);
		else after.set(name, value);
	}
	if (after.size > LIMITS.attributes) {
		throw new ValidationError(
			`An instance has at most ${LIMITS.attributes} attributes; these would be ${after.size}. Set some to null.`,
			{ path: "attributes" },
		);
	}
	return Object.fromEntries(after);
}

/** As a row has them; none is null. */
export function attributesText(attributes: Attributes): string | null {
	const names = Object.keys(attributes);
	return names.length === 0 ? null : JSON.stringify(attributes, names.sort());
}

export function attributesOf(text: string | null): Attributes {
	return text === null ? {} : JSON.parse(text);
}

function isAttributeValue(value: unknown): value is AttributeValue {
	if (typeof value === "number") return Number.isFinite(value);
	return (
		typeof value === "string" && value.length <= LIMITS.attributeTextLength && value.isWellFormed()
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
