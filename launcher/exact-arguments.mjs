/**
 * Makes the generated Prisma Client refuse unknown properties in its arguments at compile time. Its own types do not:
 * they infer the type of the arguments, which turns off the compiler's check for excess properties. Without this, a
 * renamed column would compile in `data`, `where` and `select`, and only fail when the query runs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const FILE = "src/db/generated/internal/prismaNamespace.ts";

/** The type that all methods of the client check their arguments with: T is what is given, U what is accepted. */
const GENERATED = `export type SelectSubset<T, U> = {
  [key in keyof T]: key extends keyof U ? T[key] : never
} &`;

const EXACT = `type KeyOf<U> = U extends unknown ? keyof U : never
type ValueAt<U, K> = U extends unknown ? (K extends keyof U ? U[K] : never) : never
type Plain = string | number | bigint | boolean | null | undefined | Date | Uint8Array | ((...args: any[]) => unknown)
/** T, with \`never\` for each property at any depth that no member of U has. */
type Exactly<T, U> = T extends Plain
  ? T
  : unknown extends U
    ? T
    : T extends readonly unknown[]
      ? { [I in keyof T]: Exactly<T[I], U extends readonly (infer E)[] ? E : U> }
      : { [K in keyof T]: K extends KeyOf<U> ? Exactly<T[K], ValueAt<U, K>> : never }
export type SelectSubset<T, U> = Exactly<T, U> &`;

/**
 * @param {string} root the checkout
 * @throws Error when Prisma generates other types than this was written for
 */
export function makeArgumentsExact(root) {
  const file = path.join(root, FILE);
  const source = readFileSync(file, "utf8");
  if (source.split(GENERATED).length !== 2) {
    throw new Error(
      `${FILE} has no \`SelectSubset\` as launcher/exact-arguments.mjs expects it. Adapt it to this Prisma.`,
    );
  }
  writeFileSync(
    file,
    source.replace(GENERATED, () => EXACT),
  );
}
