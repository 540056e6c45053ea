/**
 * How calls get their keys: the name, and for the second call of a name `name#2`. The program
 * counts its names for itself, and each handling of a failed attempt counts its own.
 */
import { stepKey } from "../model/ids";

export class StepNames {
	readonly #prefix: string;
	readonly #counts = new Map<string, number>();

	/** `prefix` is what its keys begin with. */
	constructor(prefix = "") {
		this.#prefix = prefix;
	}

	/** The key of the next call of this name. */
	next(name: string): string {
		const count = (this.#counts.get(name) ?? 0) + 1;
		this.#counts.set(name, count);
		return stepKey(this.#prefix + name, count);
	}

	/** Whether it has given out this key, which begins with the prefix. */
	has(key: string): boolean {
		const { name, nth } = this.#parsed(key);
		return (this.#counts.get(name) ?? 0) >= nth;
	}

	/** Says that the key is given out. */
	take(key: string): void {
		const { name, nth } = this.#parsed(key);
		this.#counts.set(name, Math.max(this.#counts.get(name) ?? 0, nth));
	}

	#parsed(key: string): { name: string; nth: number } {
		const [, name = "", nth] = /^(.*?)(?:#(\d+))?$/s.exec(key.slice(this.#prefix.length)) ?? [];
		return { name, nth: Number(nth ?? 1) };
	}
}
