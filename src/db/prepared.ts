import type { Compilable, CompiledQuery, Kysely, QueryCreator } from "kysely";
import type { Tables } from "./generated/kysely/tables.js";

/** Runs one statement with values and returns its rows. */
export type Prepared<Values, Row> = (db: Kysely<Tables>, values: Values) => Promise<readonly Row[]>;

/** Stands for a value while a statement is built. */
class Placeholder {
  constructor(readonly name: PropertyKey) {}
}

/**
 * Makes a statement that is built and compiled once, at its first run, for those that run with every request or every
 * step. Building one takes Kysely about as long as PostgreSQL takes to run it.
 *
 * @param build must pass each of its values to the query as it is: they are placeholders, of which it cannot read anything
 */
export function prepared<Values extends object, Row>(
  build: (db: QueryCreator<Tables>, values: Values) => Compilable<Row>,
): Prepared<Values, Row> {
  const placeholders = new Proxy({}, { get: (_target, name) => new Placeholder(name) }) as Values;
  let compiled: CompiledQuery<Row> | null = null;
  return async (db, values) => {
    compiled ??= build(db, placeholders).compile();
    const parameters = compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? Reflect.get(values, parameter.name) : parameter,
    );
    const { rows } = await db.executeQuery<Row>({ ...compiled, parameters });
    return rows;
  };
}
