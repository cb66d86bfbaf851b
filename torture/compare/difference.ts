/** Kinds of differences, and the figure of the report that counts them. */
const COUNTED_IN = {
  METRIC_LOST: "metricsLost",
  METRIC_DOUBLED: "metricsDoubled",
  EVENT_LOST: "eventsLost",
  EVENT_DOUBLED: "eventsDoubled",
  EVENT_OUT_OF_ORDER: "eventsOutOfOrder",
  /** Weights, the end, evaluations and files. These make the run not identical, which is counted separately. */
  OTHER: null,
} as const;

export type DifferenceKind = keyof typeof COUNTED_IN;

export interface Difference {
  readonly kind: DifferenceKind;
  /** The run, the subject, the step, and what was expected and found. */
  readonly words: string;
}

/** Numbers of wrong metric points and events. */
export interface DifferenceCounts {
  readonly metricsLost: number;
  readonly metricsDoubled: number;
  readonly eventsLost: number;
  readonly eventsDoubled: number;
  readonly eventsOutOfOrder: number;
}

export function countDifferences(differences: readonly Difference[]): DifferenceCounts {
  const counts = { metricsLost: 0, metricsDoubled: 0, eventsLost: 0, eventsDoubled: 0, eventsOutOfOrder: 0 };
  for (const { kind } of differences) {
    const figure = COUNTED_IN[kind];
    if (figure !== null) counts[figure] += 1;
  }
  return counts;
}
