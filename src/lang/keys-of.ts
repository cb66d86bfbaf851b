/** The keys of a table that is written in the code, so that it has no others than its type says. */
export function keysOf<T extends object>(table: T): readonly (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}
