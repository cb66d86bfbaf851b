import { registerEnumType } from "type-graphql";
import { Split } from "../../core/enumerations.js";

registerEnumType(Split, {
  name: "Split",
  description: "Purpose of an image. An image and its exact copies are always in the same split.",
  valuesConfig: {
    TRAIN: { description: "Trains the weights." },
    VALIDATION: {
      description: "Measured after each epoch, to choose the best checkpoint and to stop early.",
    },
    TEST: { description: "Measured once after training; used for no decision during training." },
  },
});

export { Split };
