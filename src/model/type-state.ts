/** What an operator has decided about a type; kept in the type's first shard. */

export const TYPE_STATUSES = ["active", "inactive", "archived"] as const;

/**
 * Of a type: an `inactive` one takes no new instances, an `archived` one is out of sight as well.
 * Instances that are there go on in either.
 */
export type TypeStatus = (typeof TYPE_STATUSES)[number];

export interface TypeState {
	status: TypeStatus;
	/** New instances ask for a slot, also where the type declares no limits: an operator has set some. */
	isGuarded: boolean;
}

/** What is to change; what is left out stays. */
export interface TypeChange {
	status?: TypeStatus | undefined;
}

export const NEW_TYPE: TypeState = { status: "active", isGuarded: false };
