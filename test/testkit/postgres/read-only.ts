import pg from "pg";

/**
 * Does to a database what a failover does: open connections end, and new ones accept no writes, or accept them again.
 *
 * @param endsConnections false leaves open connections as they are, so that no change is cut off
 */
export async function becomeReadOnly(
  url: string,
  isOn: boolean,
  { endsConnections = true } = {},
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query("select current_database() as name");
    const setting = `default_transaction_read_only = ${isOn ? "on" : "off"}`;
    await client.query("set default_transaction_read_only = off");
    await client.query(`alter database ${rows[0]?.name} set ${setting}`);
    if (!endsConnections) return;
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
  } finally {
    await client.end();
  }
}
