import type { Measurement } from "../benchmark.js";
import type { PeerRunner } from "./peer-runner.js";
import type { Round } from "./rounds.js";

/** Describes the peers of a comparison: version, precision, and those that were skipped with the reason. */
export function peerSettings(
  rounds: readonly Round<unknown, { readonly version: string; readonly precision?: string }>[],
  runner: PeerRunner,
): Measurement["settings"] {
  const settings: Record<string, string> = {};
  for (const { peers } of rounds) {
    for (const [name, { version, precision }] of peers) {
      settings[`${name.toLowerCase()}Version`] = version;
      if (precision !== undefined) settings[`${name.toLowerCase()}Precision`] = precision;
    }
  }
  const skipped = [...runner.skipped].map(([name, reason]) => `${name} (${reason})`);
  return { ...settings, skippedPeers: skipped.join("; ") || "none" };
}
