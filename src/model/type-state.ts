/** What an operator has decided about a type; kept in the type's first shard. */

export const TYPE_STATUSES = ["active", "inactive", "archived"] as const;

/**
 * Of a type: an `inactive` one takes no new instances, an `archived` one is out of sight as well.
 * Instances that are there go on in either.
 */
export type TypeStatus = (typeof TYPE_STATUSES)[number];

/** What a new instance has to know of it. */
export interface TypeState {
	status: TypeStatus;
	/** Its instances take slots: it declares limits, or an operator has set some. */
	guarded: boolean;
	/** The hash of its current definition; null: none is stored. */
	definition: string | null;
}

/** What is to change; what is left out stays. */
export interface TypeChange {
	status?: TypeStatus | undefined;
}

/** Nothing was decided, as far as is known. */
export const NEW_TYPE: TypeState = { status: "active", guarded: false, definition: null };
