/** What a process has taken so far, as the system counts it for all of its threads. */
export interface ProcessUsage {
  /** The most memory that was ever resident. */
  readonly peakResidentBytes: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

/** From the measured server's process to the benchmark. */
export type FromServer =
  | { readonly kind: "progress"; readonly line: string }
  | { readonly kind: "ready"; readonly url: string; readonly token: string; readonly threads: number }
  | { readonly kind: "failed"; readonly message: string }
  | ({ readonly kind: "usage" } & ProcessUsage);

/** To the measured server's process. When the channel closes, the server stops. */
export type ToServer = "usage";
