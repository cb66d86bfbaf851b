import type { InitializationReport } from "../../core/runs/initialization-report.js";
import type { ImportedClasses } from "../../graph/architectures/network-spec.js";

/** A TensorFlow checkpoint to start from. */
export interface InitialVariables {
  /** Holds `variables.index`. */
  readonly folder: string;
  /** Network variables that it gives values to; the others start at random. */
  readonly variables: readonly string[];
  /** The classes of the checkpoint's last layer; null: those of the network. */
  readonly classes: ImportedClasses | null;
  /** For weights that were not there yet when the run was launched; null: the launch reported it. */
  readonly report: InitializationReport | null;
}
