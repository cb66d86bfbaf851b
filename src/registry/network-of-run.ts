import type { NetworkSpec } from "../graph/architectures/network-spec.js";
import type { TrainedRun } from "./model-records.js";

/** The network that a run trained, which is the one to serve. */
export function networkOfRun({ configuration, classNames }: TrainedRun): NetworkSpec {
  const { architecture, batchNormalization, widthMultiplier, imageSizePixels } = configuration;
  const { head, preprocessing, precision, seed } = configuration;
  return {
    architecture,
    batchNormalization,
    widthMultiplier,
    imageSizePixels,
    head,
    preprocessing,
    precision,
    classCount: classNames.length,
    seed,
  };
}
