/** Why an instance stands where it stands, as one line: a code that programs read, then a sentence. */
import type { ErrorCode } from "./errors";

export function reason(code: ErrorCode, sentence: string): string {
	return `${code}: ${sentence}`;
}

export function reasonIs(text: string | null, code: ErrorCode): boolean {
	return text?.startsWith(`${code}:`) ?? false;
}
