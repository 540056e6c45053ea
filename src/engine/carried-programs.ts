/**
 * Programs by type, for an object that may have one of its own: an instance that carries the
 * definition that it began with, or the shard of a type whose definitions are stored. To all others
 * the registry's hold.
 */
import type { Program } from "./program";

/** What the engine asks of programs; a registry's map is one. */
export interface Programs {
	get(type: string): Program | undefined;
	keys(): Iterable<string>;
}

/**
 * Makes programs of definitions.
 *
 * @throws {ValidationError} with all faults of the text.
 */
export type Compile = (definition: { hash: string; text: string }) => Program;

/** The definition that the object has now. */
export interface Carried {
	/** Null: none. */
	hash(): string | null;
	text(): string | undefined;
}

export class CarriedPrograms implements Programs {
	readonly #registry: Programs;
	readonly #compile: Compile;
	readonly #carried: Carried;
	readonly #report: (message: string, error: unknown) => void;
	#own: { hash: string; program: Program | undefined } | undefined;

	constructor(
		registry: Programs,
		{ compile, report }: { compile: Compile; report(message: string, error: unknown): void },
		carried: Carried,
	) {
		this.#registry = registry;
		this.#compile = compile;
		this.#report = report;
		this.#carried = carried;
	}

	get(type: string): Program | undefined {
		const hash = this.#carried.hash();
		if (hash === null) return this.#registry.get(type);
		if (this.#own?.hash !== hash) this.#own = { hash, program: this.#compiled(hash) };
		const { program } = this.#own;
		// Not the registry's where it cannot be made: that is another program.
		return program?.type === type ? program : undefined;
	}

	keys(): Iterable<string> {
		return this.#registry.keys();
	}

	/** One that the service can make no program of any more is as a type that is gone. */
	#compiled(hash: string): Program | undefined {
		try {
			const text = this.#carried.text();
			return text === undefined ? undefined : this.#compile({ hash, text });
		} catch (error) {
			this.#report("a stored definition is none any more", error);
			return undefined;
		}
	}
}
