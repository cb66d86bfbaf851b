import { post } from "../transport.js";

/** The description of the server in the bar. */
export interface ServerSummary {
  readonly version: string;
  readonly tensorflowVersion: string;
  /** For example "CPU" or "GPU + CPU". */
  readonly devices: string;
}

const QUERY = "query ServerSummary { system { version tensorflowVersion devices { kind } } }";

/**
 * Fetches the description of the server. This also shows whether the server accepts the token.
 *
 * @throws Error that says why the token or the query failed
 */
export async function fetchServerSummary(token: string): Promise<ServerSummary> {
  const result = await post({ query: QUERY }, token);
  const data = result.data as {
    system: { version: string; tensorflowVersion: string; devices: { kind: string }[] };
  } | null;
  if (!data) throw new Error(result.errors?.[0]?.message ?? "The server sent no data.");
  const kinds = new Set(data.system.devices.map((device) => device.kind));
  return {
    version: data.system.version,
    tensorflowVersion: data.system.tensorflowVersion,
    devices: [...kinds].sort().reverse().join(" + "),
  };
}
