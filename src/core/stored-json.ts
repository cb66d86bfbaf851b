import { z } from "zod";

/** Writes JSON for a column. NaN and the infinities, which JSON lacks, become text. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "number" && !Number.isFinite(part) ? String(part) : part,
  );
}

/** A number as `encodeJson` writes it. */
export const storedNumber = z.union([
  z.number(),
  z.enum(["NaN", "Infinity", "-Infinity"]).transform((text) => Number(text)),
]);

/** A time as `encodeJson` writes it. */
export const storedTime = z.iso.datetime().transform((text) => new Date(text));

/**
 * Reads JSON that this program, or an earlier version of it, stored. Properties that older JSON lacks need a default
 * in the schema; unknown properties are dropped.
 *
 * @param what the JSON is, for the error, such as "environment of a run"
 */
export function parseStored<S extends z.ZodType>(schema: S, json: unknown, what: string): z.output<S> {
  const { data, error } = schema.safeParse(json);
  if (error === undefined) return data as z.output<S>;
  throw new Error(`The database holds an invalid ${what}: ${z.prettifyError(error)}`, { cause: error });
}
