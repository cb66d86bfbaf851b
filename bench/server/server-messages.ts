import { z } from "zod";

/** Resources that a process has used so far, as the system counts them for all of its threads. */
const PROCESS_USAGE = z.object({
  /** The highest amount of memory that was ever resident. */
  peakResidentBytes: z.number(),
  residentBytes: z.number(),
  cpuSeconds: z.number(),
});
export type ProcessUsage = Readonly<z.infer<typeof PROCESS_USAGE>>;

/** From the process of the measured server to the benchmark. */
export const FROM_SERVER = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("progress"), line: z.string() }),
  z.object({ kind: z.literal("ready"), url: z.string(), token: z.string(), threads: z.number() }),
  z.object({ kind: z.literal("failed"), message: z.string() }),
  z.object({ kind: z.literal("usage"), ...PROCESS_USAGE.shape }),
]);
export type FromServer = z.infer<typeof FROM_SERVER>;

/** To the process of the measured server. When the channel closes, the server stops. */
export const TO_SERVER = z.literal("usage");
export type ToServer = z.infer<typeof TO_SERVER>;
