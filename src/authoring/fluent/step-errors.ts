/** The failed attempts of one step, in the form that this style gives them. */
import type { StepErrorInfo } from "../../model/http";

export interface StepErrorEntry {
	errorMessage: string;
	errorStack: string;
	attempt: number;
	/** In ms since 1970. */
	timestamp: number;
}

/** The latest first; `errors` are an instance's, oldest first. */
export function stepErrorHistory(
	errors: readonly StepErrorInfo[],
	stepId: string,
): StepErrorEntry[] {
	return errors
		.filter(({ step }) => step === stepId)
		.map(({ error, errorDetails, attempt, at }) => ({
			errorMessage: error,
			errorStack: "value" in errorDetails ? "" : (errorDetails.stack ?? ""),
			attempt: attempt ?? 1,
			timestamp: at,
		}))
		.reverse();
}
