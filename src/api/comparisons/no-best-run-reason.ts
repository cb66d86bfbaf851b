import { registerEnumType } from "type-graphql";
import { NoBestRunReason } from "../../core/enumerations.js";

registerEnumType(NoBestRunReason, {
  name: "NoBestRunReason",
  description: "Why no run is the best one by a metric.",
  valuesConfig: {
    NO_DIRECTION: { description: "Neither a higher nor a lower value is better, as with a learning rate." },
    NO_VALUE: { description: "No run has a finite value." },
    DATASET_DIFFERS: {
      description: "The runs are of different dataset versions, so they were measured on different images.",
    },
    LOSS_DIFFERS: {
      description:
        "The runs have different label smoothing or class weights, so training minimized different losses. Compare " +
        "accuracies.",
    },
    TIE: { description: "Several runs have the best value." },
  },
});

export { NoBestRunReason };
