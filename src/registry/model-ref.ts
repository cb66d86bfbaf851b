import { AppError } from "../core/app-error.js";
import { isName } from "../core/name.js";

/** A reference to a model version: "flowers" (the latest), "flowers:3" or "flowers@champion". */
export type ModelRef =
  | { readonly kind: "latest"; readonly model: string }
  | { readonly kind: "number"; readonly model: string; readonly number: number }
  | { readonly kind: "alias"; readonly model: string; readonly alias: string };

const LOOKS_LIKE_A_NUMBER = /^[0-9.]+$/;
/** The largest `Int` of GraphQL and Postgres. */
const MAX_NUMBER = 2 ** 31 - 1;

/** Null when the text is not a reference. */
export function parseModelRef(ref: string): ModelRef | null {
  const match = /^([^:@]+)(?:(:)([1-9][0-9]{0,9})|(@)([^:@]+))?$/.exec(ref);
  const [, model = "", colon, number = "", at, alias = ""] = match ?? [];
  if (!isName(model)) return null;
  if (colon !== undefined) {
    return Number(number) <= MAX_NUMBER ? { kind: "number", model, number: Number(number) } : null;
  }
  if (at !== undefined) return isName(alias) ? { kind: "alias", model, alias } : null;
  return { kind: "latest", model };
}

/** "flowers:3" */
export function modelVersionName({
  modelName,
  number,
}: {
  readonly modelName: string;
  readonly number: number;
}): string {
  return `${modelName}:${number}`;
}

/** @throws AppError `NAME_INVALID` with path `["model"]` */
export function checkModelName(name: string): void {
  if (isName(name)) return;
  throw new AppError(
    "NAME_INVALID",
    `A model's name has 1 to 63 letters, digits, ".", "_" or "-" and starts with a letter or a digit. ` +
      `Received ${JSON.stringify(name)}.`,
    { path: ["model"] },
  );
}

/**
 * Checks the name of an alias. It must not look like a number, since "flowers@3" would be confused with "flowers:3".
 *
 * @throws AppError `NAME_INVALID` with path `["alias"]`
 */
export function checkAliasName(name: string): void {
  if (isName(name) && !LOOKS_LIKE_A_NUMBER.test(name)) return;
  throw new AppError(
    "NAME_INVALID",
    `An alias has 1 to 63 letters, digits, ".", "_" or "-", starts with a letter or a digit and is not a ` +
      `number, for example "champion". Received ${JSON.stringify(name)}.`,
    { path: ["alias"] },
  );
}
