import { AppError } from "../../core/app-error.js";
import type { HeadKind } from "../../core/enumerations.js";
import { networkVariables } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { VariableSpec } from "../../graph/variables.js";
import { isStoredType } from "./stored-tensor.js";

/** A value that a source of weights has for one of our variables. */
export interface OfferedVariable {
  /** In our order of axes. */
  readonly shape: readonly number[];
  /** Of its numbers; only some can become ours. */
  readonly dtype: string;
  /** What the source calls it, for people. */
  readonly source: string;
}

/** What a source of weights has, in the names and shapes of our variables. */
export interface OfferedWeights<Offer extends OfferedVariable = OfferedVariable> {
  /** By the names of our variables. */
  readonly variables: ReadonlyMap<string, Offer>;
  /** What it has beside them in the convolutional part, and why that is wrong, for people. */
  readonly unknown: readonly string[];
}

const HIDDEN_LAYERS = ["fc1", "fc2"] as const;
const PREDICTIONS = "predictions";
/** More than a network has variables: only a file that is something else has as many. */
const MOST_LISTED = 200;
const HEAD_LAYERS: ReadonlySet<string> = new Set([...HIDDEN_LAYERS, PREDICTIONS]);

/**
 * Decides which variables of `network` take their first value from a source; the others start at
 * random. Convolutions and their normalisation must all be there. Of the head, what the source lacks
 * starts at random, as does the last layer when the number of classes differs, and the whole of it
 * when the source has a head of another kind.
 *
 * @returns names of variables, in the network's order
 * @throws AppError `WEIGHTS_MISMATCH` that lists everything that does not fit
 */
export function fitWeights(network: NetworkSpec, offered: OfferedWeights): readonly string[] {
  const wanted = networkVariables(network);
  const random = randomLayers(network, offered);
  const given = wanted.filter(({ name }) => !random.has(layerOf(name)));
  const mismatches = [
    ...given.flatMap((variable) => mismatchOf(variable, offered)),
    ...withoutPlace(wanted, offered),
    ...offered.unknown,
  ];
  if (mismatches.length === 0) return given.map(({ name }) => name);
  const listed = mismatches.slice(0, MOST_LISTED);
  if (listed.length < mismatches.length) listed.push(`- and ${mismatches.length - listed.length} more.`);
  throw new AppError(
    "WEIGHTS_MISMATCH",
    `The weights must fit ${describe(network)}. These do not:\n${listed.join("\n")}`,
  );
}

/** Layers of the head that start at random. */
function randomLayers(network: NetworkSpec, offered: OfferedWeights): ReadonlySet<string> {
  if (headKindOf(offered) !== network.head.kind) return HEAD_LAYERS;
  const lacking = [...HEAD_LAYERS].filter((layer) => !offersLayer(offered, layer));
  const classes = offered.variables.get(`${PREDICTIONS}/kernel`)?.shape.at(-1);
  return new Set(classes === network.classCount ? lacking : [...lacking, PREDICTIONS]);
}

/** Null: the source has no head. */
function headKindOf(offered: OfferedWeights): HeadKind | null {
  if (HIDDEN_LAYERS.some((layer) => offersLayer(offered, layer))) return "FULLY_CONNECTED";
  return offersLayer(offered, PREDICTIONS) ? "GLOBAL_AVERAGE_POOLING" : null;
}

function offersLayer({ variables }: OfferedWeights, layer: string): boolean {
  return [...variables.keys()].some((name) => layerOf(name) === layer);
}

function mismatchOf({ name, shape }: VariableSpec, { variables }: OfferedWeights): string[] {
  const offer = variables.get(name);
  if (offer === undefined) return [`- ${name}: expected ${format(shape)}, found nothing.`];
  if (!isStoredType(offer.dtype))
    return [`- ${name}: expected floats, found ${offer.dtype} (${offer.source}).`];
  if (equal(offer.shape, shape)) return [];
  return [`- ${name}: expected ${format(shape)}, found ${format(offer.shape)} (${offer.source}).`];
}

/** What a source has for layers that the network lacks; a head that is not used does not matter. */
function withoutPlace(wanted: readonly VariableSpec[], { variables }: OfferedWeights): string[] {
  const known = new Set(wanted.map(({ name }) => name));
  return [...variables]
    .filter(([name]) => !known.has(name) && !HEAD_LAYERS.has(layerOf(name)))
    .map(([name, { shape, source }]) => `- ${name}: expected nothing, found ${format(shape)} (${source}).`);
}

function layerOf(variable: string): string {
  return variable.slice(0, variable.lastIndexOf("/"));
}

function describe(network: NetworkSpec): string {
  const { architecture, batchNormalization, widthMultiplier, imageSizePixels, head } = network;
  return (
    `${architecture} ${batchNormalization ? "with" : "without"} batch normalisation, widthMultiplier ` +
    `${widthMultiplier}, ${imageSizePixels} pixels, head ${head.kind}`
  );
}

function equal(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

function format(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
