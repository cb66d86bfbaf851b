/** The result, which `--json` prints as the last line of standard output. */
export interface DemoReport {
  readonly dataset: { readonly version: number; readonly samples: number; readonly quarantined: number };
  readonly runs: readonly RunReport[];
  /** Id of the run with the higher validation top-1. */
  readonly betterRun: string;
  /** "flowers@champion" */
  readonly alias: string;
  readonly classified: readonly ClassifiedImage[];
  readonly totalSeconds: number;
}

export interface RunReport {
  readonly id: string;
  readonly state: string;
  /** Fraction in [0, 1]; null when no epoch has a finite value. */
  readonly bestValTop1: number | null;
  /** Number of completed epochs. */
  readonly epochs: number;
  readonly seconds: number | null;
}

export interface ClassifiedImage {
  readonly file: string;
  /** The class folder of the image. */
  readonly expected: string;
  readonly label: string;
  readonly probability: number;
}
