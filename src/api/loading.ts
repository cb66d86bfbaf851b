import DataLoader from "dataloader";

type Ids = readonly string[];

/** Loads at most one record for each id. `keyOf` returns the id that a record belongs to. */
export function optional<Value>(
  find: (ids: Ids) => Promise<readonly Value[]>,
  keyOf: (value: Value) => string,
): DataLoader<string, Value | null> {
  return new DataLoader(async (ids) => {
    const byKey = new Map((await find(ids)).map((value) => [keyOf(value), value]));
    return ids.map((id) => byKey.get(id) ?? null);
  });
}

/**
 * Loads records that exist because a foreign key refers to them. It shares the cache of the other loader, so a record
 * that both load is read once.
 */
export function existing<Value>(loader: DataLoader<string, Value | null>): DataLoader<string, Value> {
  return new DataLoader(
    async (ids) => {
      const values = await loader.loadMany(ids);
      return values.map(
        (value, index) => value ?? new Error(`There is no record with the id ${ids[index]}.`),
      );
    },
    { cache: false },
  );
}

/** Loads any number of records for each id, in the order in which `find` returns them. */
export function grouped<Value>(
  find: (ids: Ids) => Promise<readonly Value[]>,
  keyOf: (value: Value) => string,
): DataLoader<string, readonly Value[]> {
  return new DataLoader(async (ids) => {
    const groups = new Map<string, Value[]>(ids.map((id) => [id, []]));
    for (const value of await find(ids)) groups.get(keyOf(value))?.push(value);
    return ids.map((id) => groups.get(id) ?? []);
  });
}

/** Loads one value for each id from a store that returns a map. */
export function mapped<Value, Missing>(
  find: (ids: Ids) => Promise<ReadonlyMap<string, Value>>,
  missing: Missing,
): DataLoader<string, Value | Missing> {
  return new DataLoader(async (ids) => {
    const values = await find(ids);
    return ids.map((id) => values.get(id) ?? missing);
  });
}
