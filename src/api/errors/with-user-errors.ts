import { AppError } from "../../core/app-error.js";
import { toUserError, type UserError } from "./user-error.js";

/**
 * Runs the work of a mutation; the one place where a domain's AppErrors become `userErrors`.
 * Everything else goes on as it is, to be masked.
 *
 * @param refused what the payload holds beside `userErrors` when nothing was done
 */
export async function withUserErrors<Payload extends object>(
  refused: NoInfer<Payload>,
  work: () => Promise<Payload>,
): Promise<Payload & { readonly userErrors: readonly UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] };
  } catch (error) {
    if (error instanceof AppError) return { ...refused, userErrors: [toUserError(error)] };
    throw error;
  }
}
