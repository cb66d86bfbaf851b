import { post } from "./transport.js";

/** What the bar says about the server. */
export interface ServerSummary {
  readonly version: string;
  readonly tensorflowVersion: string;
  /** For example "CPU" or "GPU + CPU". */
  readonly devices: string;
}

const QUERY = "query ServerSummary { system { version tensorflowVersion devices { kind } } }";

/**
 * Asks the server what it is, which also shows whether it takes the token.
 *
 * @throws TokenRefused, or an Error that says why the server could not answer
 */
export async function fetchServerSummary(token: string): Promise<ServerSummary> {
  const result = await post({ query: QUERY }, token);
  const data = result.data as {
    system: { version: string; tensorflowVersion: string; devices: { kind: string }[] };
  } | null;
  if (!data) throw new Error(result.errors?.[0]?.message ?? "The server gave no answer.");
  const kinds = new Set(data.system.devices.map((device) => device.kind));
  return {
    version: data.system.version,
    tensorflowVersion: data.system.tensorflowVersion,
    devices: [...kinds].sort().reverse().join(" + "),
  };
}
