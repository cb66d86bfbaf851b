import { AppError } from "../../core/app-error.js";
import { toUserError, type UserError } from "./user-error.js";

/**
 * Runs the work of a mutation and turns the AppErrors of the domains into `userErrors`. Other errors are rethrown and
 * masked later.
 *
 * @param refused the payload without `userErrors` when nothing was done
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
