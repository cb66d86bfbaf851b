/** The facts about a metric that every part of the product uses. */
export interface Metric {
  /** Its name in the API and in the database; never changed once released. */
  readonly key: string;
  /** A short name for a chart or a table. */
  readonly label: string;
  /** A noun phrase and a full stop. */
  readonly description: string;
  /** Null for a pure number, such as a loss or a fraction. */
  readonly unit: string | null;
  /** Which of two values is the better one. Null for neither: then the best value of a run is its highest one. */
  readonly better: "lower" | "higher" | null;
  /**
   * Whether settings that change the loss (`changesLoss` in the table of settings) change what a value means. They give a
   * training loss another definition, and move the weights away from the least validation loss, so such values do not
   * tell which run is better. They leave the meaning of an accuracy as it is.
   */
  readonly dependsOnLoss: boolean;
  /** Whether an equal run gives equal values, bit by bit. A measured time does not. */
  readonly deterministic: boolean;
}
