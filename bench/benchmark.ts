/** Figures by name, with the unit in the name: `maxPauseMs`. */
export interface Measurement {
  readonly figures: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, number | string>>;
}

export interface Benchmark {
  /** One line: what is measured, on what work. */
  readonly summary: string;
  /** @param report prints a line of progress for a person */
  run(report: (line: string) => void): Promise<Measurement>;
}
