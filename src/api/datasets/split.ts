import { registerEnumType } from "type-graphql";
import { Split } from "../../core/enumerations.js";

registerEnumType(Split, {
  name: "Split",
  description: "What a picture is used for. A picture and its exact copies are always in the same split.",
  valuesConfig: {
    TRAIN: { description: "Weights are learnt from it." },
    VALIDATION: { description: "Measured after each epoch, to choose checkpoints and to stop early." },
    TEST: { description: "Kept apart from training and from every choice made during it." },
  },
});

export { Split };
