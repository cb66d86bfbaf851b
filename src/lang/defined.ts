type Defined<T extends object> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** A copy without the properties that are undefined, for interfaces that tell absent from undefined. */
export function defined<T extends object>(value: T): Defined<T> {
  const entries = Object.entries(value).filter(([, property]) => property !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
