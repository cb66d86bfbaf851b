import type { ExportPrecision } from "../../../core/enumerations.js";
import { inputContractOf } from "../../../core/input-contract.js";
import type { ExportedNetwork } from "../../network/exported-network.js";

/** The facts about a model that ONNX has fields for. */
export function describeModel(
  { identity, spec, classNames }: ExportedNetwork,
  precision: ExportPrecision,
): { readonly producer: string; readonly producerVersion: string; readonly documentation: string } {
  const { product, modelVersion, description } = identity;
  const [producer = product, producerVersion = ""] = product.split(" ", 2);
  const sentence =
    `The model version ${modelVersion}, a ${spec.architecture} in ${precision}, classifies images into ` +
    `${classNames.length} classes, whose names are the property "labels".`;
  return { producer, producerVersion, documentation: [sentence, description].filter(Boolean).join("\n\n") };
}

/** The `metadata_props` of a model: labels, input and origin. Lists and objects are JSON. */
export function modelProperties({ identity, spec, classNames }: ExportedNetwork): Record<string, string> {
  const { modelVersion, modelVersionId, runId, epoch, dataset, datasetHash, registeredAt } = identity;
  const {
    signature: _signature,
    outputs,
    ...input
  } = inputContractOf({ ...spec, classCount: classNames.length });
  return {
    labels: JSON.stringify(classNames),
    input_contract: JSON.stringify({ ...input, outputs: { probabilities: outputs.probabilities } }),
    model_version: modelVersion,
    model_version_id: modelVersionId,
    registered_at: registeredAt.toISOString(),
    run_id: runId,
    run_epoch: String(epoch),
    dataset,
    ...(datasetHash === null ? {} : { dataset_hash: datasetHash }),
  };
}
