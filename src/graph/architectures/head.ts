import type { HeadKind } from "../../core/enumerations.js";
import { glorotUniform } from "../initializers/glorot-uniform.js";
import { heNormal } from "../initializers/he-normal.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import type { LayerList } from "../layers/layer-graph.js";
import { globalAveragePooling } from "../layers/pooling.js";
import type { NetworkShape } from "./architecture.js";

/** The layer that gives the logits. */
export const PREDICTIONS = "predictions";

/** The layers with weights in each kind of head, in order. */
export const HEAD_LAYERS = {
  FULLY_CONNECTED: ["fc1", "fc2", PREDICTIONS],
  GLOBAL_AVERAGE_POOLING: [PREDICTIONS],
} as const satisfies Readonly<Record<HeadKind, readonly string[]>>;

type HeadLayer = (typeof HEAD_LAYERS)[HeadKind][number];

/** `torchNames` of an architecture's head; see LayerPlace. */
export type TorchNamesOfHead = Readonly<Partial<Record<HeadLayer, readonly string[]>>>;

/** Adds the layers that turn the last stage's output into logits. */
export function addHead(
  layers: LayerList,
  { head, classCount }: NetworkShape,
  torchNames: TorchNamesOfHead,
): void {
  const addDropout = (name: string): void => {
    if (head.dropout > 0) layers.add(dropout(name, head.dropout), { stage: null });
  };
  const place = (layer: HeadLayer) => ({ stage: null, torchNames: torchNames[layer] ?? [] });
  if (head.kind === "GLOBAL_AVERAGE_POOLING") {
    layers.add(globalAveragePooling("global_average_pooling"), { stage: null });
    addDropout("dropout");
  } else {
    layers.add(flatten("flatten"), { stage: null });
    for (const [name, dropoutName] of [["fc1", "dropout1"] as const, ["fc2", "dropout2"] as const]) {
      const options = { name, width: head.units, activation: "relu", inFloat32: false } as const;
      layers.add(dense({ ...options, kernelInitializer: heNormal }), place(name));
      addDropout(dropoutName);
    }
  }
  const predictions = dense({
    name: PREDICTIONS,
    width: classCount,
    activation: "linear",
    kernelInitializer: glorotUniform,
    inFloat32: true,
  });
  layers.add(predictions, place(PREDICTIONS));
}
