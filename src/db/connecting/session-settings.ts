import pg from "pg";

/** How long the settings may take. */
const ANSWER_MS = 10_000;

/**
 * The settings that the product relies on in every session, whatever the server, the database or the role sets by
 * default. A setting that the server's version lacks is left out. `default_transaction_read_only` is not among them: it
 * belongs to those who operate the server.
 */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  // The form of values, as `pg`, Prisma and the code read and write them.
  client_encoding: "UTF8",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  // Floating-point numbers come back as they were written.
  extra_float_digits: "1",
  bytea_output: "hex",
  // The meaning of SQL.
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  array_nulls: "on",
  quote_all_identifiers: "off",
  // Transactions are read committed, and repeat reads where they need to.
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  // Imports and migrations take as long as they take.
  statement_timeout: "0",
  lock_timeout: "0",
  transaction_timeout: "0",
  idle_session_timeout: "0",
};

/**
 * Sets what the product relies on in a session that has just begun. PostgreSQL could take the same from the start of the
 * connection, but PgBouncer refuses most settings there.
 *
 * @param schema the schema of the tables
 * @param idleInTransactionMs ends transactions that are idle for longer; 0 ends none
 */
export async function setSession(
  client: pg.ClientBase,
  schema: string,
  idleInTransactionMs: number,
): Promise<void> {
  const settings = {
    ...SESSION_SETTINGS,
    idle_in_transaction_session_timeout: String(idleInTransactionMs),
  };
  const rows = Object.entries(settings).map(([name, value]) => `('${name}', '${value}')`);
  const text =
    // First, and with the names below qualified: a table or function of another schema must not be found instead.
    `SET search_path = ${pg.escapeIdentifier(schema)};
     SELECT pg_catalog.set_config(name, value, false) FROM (VALUES ${rows.join(", ")}) AS setting(name, value)
     WHERE pg_catalog.current_setting(name, true) IS NOT NULL;
     SELECT pg_catalog.set_config('synchronous_commit', 'on', false)
     WHERE pg_catalog.current_setting('synchronous_commit') = 'off'`;
  await client.query({ text, query_timeout: ANSWER_MS } as pg.QueryConfig);
}
