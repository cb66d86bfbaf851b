import { z } from "zod";

/** The resources that a process has used so far, for all of its threads. */
const PROCESS_USAGE = z.object({
  /** Highest resident memory since the start of the process. */
  peakResidentBytes: z.number(),
  residentBytes: z.number(),
  cpuSeconds: z.number(),
});
export type ProcessUsage = Readonly<z.infer<typeof PROCESS_USAGE>>;

/** Messages from the measured process to the benchmark. */
export const FROM_SERVER = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("progress"), line: z.string() }),
  z.object({ kind: z.literal("ready"), url: z.string(), token: z.string(), threads: z.number() }),
  z.object({ kind: z.literal("failed"), message: z.string() }),
  z.object({ kind: z.literal("usage"), ...PROCESS_USAGE.shape }),
]);
export type FromServer = z.infer<typeof FROM_SERVER>;

/** Messages to the measured process, which stops when the channel closes. */
export const TO_SERVER = z.literal("usage");
export type ToServer = z.infer<typeof TO_SERVER>;
