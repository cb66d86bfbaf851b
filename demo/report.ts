/** What `--json` prints as the last line of standard output. */
export interface DemoReport {
  readonly dataset: { readonly version: number; readonly samples: number; readonly quarantined: number };
  readonly runs: readonly RunReport[];
  /** Id of the run with the higher validation top-1. */
  readonly betterRun: string;
  /** "flowers@champion" */
  readonly alias: string;
  readonly classified: readonly ClassifiedPicture[];
  readonly totalSeconds: number;
}

export interface RunReport {
  readonly id: string;
  readonly state: string;
  /** Fraction in [0, 1]; null when no epoch ended with a number. */
  readonly bestValTop1: number | null;
  /** Epochs completed. */
  readonly epochs: number;
  readonly seconds: number | null;
}

export interface ClassifiedPicture {
  readonly file: string;
  /** The class folder that the picture came from. */
  readonly expected: string;
  readonly label: string;
  readonly probability: number;
}
