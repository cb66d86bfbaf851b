import { z } from "zod";
import type { AppError } from "../../../core/app-error.js";
import { isJsonObject, type JsonObject } from "../../../lang/json.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import { type KerasOperation, operationsOf } from "./keras-operations.js";

/** A model as its own configuration describes it: one operation after the other. */
export interface KerasModel {
  readonly operations: readonly KerasOperation[];
  readonly layers: readonly DescribedLayer[];
  /** The names of its classes, which are in files that Espalier exported; null where the file has none. */
  readonly classNames: readonly string[] | null;
}

export interface DescribedLayer {
  readonly name: string;
  readonly className: string;
  /** The layers of a model inside the model; null for other layers. */
  readonly layers: readonly DescribedLayer[] | null;
}

/** Layers of a network's stages that always have weights. */
const WEIGHTED_CLASSES: ReadonlySet<string> = new Set(["Conv2D", "BatchNormalization"]);

export function needsWeights({ className, layers }: DescribedLayer): boolean {
  return layers === null ? WEIGHTED_CLASSES.has(className) : layers.some(needsWeights);
}

export function missingWeights({ name }: DescribedLayer): AppError {
  return invalidWeights(`weights of the layer ${quoted(name)}, which its configuration has`, "none");
}

const EXPORTED_LABELS = z.array(z.string()).refine((labels) => new Set(labels).size === labels.length);

/** The most models inside models. */
const MAX_LEVELS = 16;

/**
 * Reads the configuration of a Keras model: the `config.json` of an archive, or the attribute `model_config`.
 *
 * @returns null for a model of a class of one's own, whose configuration does not tell its layers
 * @throws AppError `WEIGHTS_INVALID`
 */
export function parseKerasModel(text: string): KerasModel | null {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw invalidWeights("the configuration of the model in JSON", "something else", cause);
  }
  if (!isJsonObject(config) || layersIn(config) === null) return null;
  const operations = [...operationsIn(config, MAX_LEVELS)];
  return { operations, layers: describedLayersIn(config) ?? [], classNames: classNamesIn(config) };
}

function classNamesIn({ espalier }: JsonObject): readonly string[] | null {
  const labels = EXPORTED_LABELS.safeParse(isJsonObject(espalier) ? espalier.labels : null);
  return labels.data ?? null;
}

/** The descriptions of a model's layers; null for what is no model of layers. */
function layersIn({ config }: JsonObject): readonly unknown[] | null {
  const layers = isJsonObject(config) ? config.layers : null;
  return Array.isArray(layers) ? layers : null;
}

/** Call it only for a model that has at most MAX_LEVELS. */
function describedLayersIn(model: JsonObject): readonly DescribedLayer[] | null {
  const layers = layersIn(model)?.filter(isJsonObject) ?? null;
  if (layers === null) return null;
  return layers.map((layer) => ({
    name: nameOf(layer),
    className: String(layer.class_name),
    layers: describedLayersIn(layer),
  }));
}

function* operationsIn(model: JsonObject, levels: number): Generator<KerasOperation> {
  if (levels === 0) throw invalidWeights(`at most ${MAX_LEVELS} models inside models`, "more");
  let before: string | null = null;
  for (const layer of layersIn(model) ?? []) {
    if (!isJsonObject(layer)) throw invalidWeights("a description of every layer", "another value");
    const name = nameOf(layer);
    const problem = orderProblem(layer, before);
    if (problem !== null) yield { layer: name, kind: "other", text: problem };
    if (layersIn(layer) === null) yield* operationsOf(name, layer);
    else yield* operationsIn(layer, levels - 1);
    before = name;
  }
}

function nameOf(layer: JsonObject): string {
  const { name } = isJsonObject(layer.config) ? layer.config : {};
  const own = layer.name ?? name;
  return typeof own === "string" ? own : String(layer.class_name);
}

/** Why a layer does not read the layer before it alone, as what it does; null when it does. */
function orderProblem({ inbound_nodes: nodes }: JsonObject, before: string | null): string | null {
  // The layers of a Sequential name no others.
  if (!Array.isArray(nodes) || nodes.length === 0) return null;
  if (nodes.length > 1) return `is used ${nodes.length} times`;
  const read = [...namesRead(nodes[0], MAX_LEVELS)];
  if (read.length === 1 && read[0] === before) return null;
  const [first = "", second, ...others] = read.map((name) => quoted(name));
  if (second === undefined) return `reads ${first === "" ? "nothing" : first}`;
  return `reads ${first} and ${others.length === 0 ? second : `${others.length + 1} others`}`;
}

/** Keras 3: `keras_history: [name, node, tensor]`; Keras 2: `[name, node, tensor, {...}]`. */
function* namesRead(node: unknown, levels: number): Generator<string> {
  if (levels === 0) return;
  if (Array.isArray(node)) {
    const [name, ...rest] = node as readonly unknown[];
    if (typeof name === "string" && rest.some((part) => typeof part === "number")) yield name;
    else for (const part of node) yield* namesRead(part, levels - 1);
  } else if (isJsonObject(node)) {
    for (const part of Object.values(node)) yield* namesRead(part, levels - 1);
  }
}
