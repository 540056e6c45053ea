/**
 * What an attempt sets of the instance's metadata. It is written with the step's outcome, in one
 * stretch, so once however often the step is replayed; until then the attempt alone sees it.
 */
import { decode, type Encoded } from "../../model/codec";
import {
	encodeMetadataChanges,
	type Metadata,
	type MetadataChanges,
	metadataOf,
	withMetadata,
} from "../../model/metadata";
import type { Setting } from "./setting-step";

export class MetadataDraft {
	readonly #stored: () => Encoded | null;
	#changes: Metadata | undefined;

	/** `stored`: what the instance has now. */
	constructor(stored: () => Encoded | null) {
		this.#stored = stored;
	}

	/** As it would be if the step ended now. */
	get current(): Metadata {
		const { setting } = this;
		const stored = this.#stored();
		return metadataOf(setting === undefined ? stored : withMetadata(stored, setting.changes));
	}

	/** @throws {WorkflowError} `VALUE_TOO_LARGE`, `VALUE_NOT_STORABLE`. */
	set(given: MetadataChanges): void {
		// By way of its text: what the function does to the value later is not set.
		const changes = { ...this.#changes, ...(decode(encodeMetadataChanges(given)) as Metadata) };
		withMetadata(this.#stored(), encodeMetadataChanges(changes));
		this.#changes = changes;
	}

	/** What to write; undefined: nothing was set. */
	get setting(): (Setting & { kind: "set_metadata" }) | undefined {
		if (this.#changes === undefined) return undefined;
		return { kind: "set_metadata", changes: encodeMetadataChanges(this.#changes) };
	}
}
