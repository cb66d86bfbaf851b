import { AppError } from "../../core/app-error.js";
import type { Architecture, HeadKind } from "../../core/enumerations.js";
import { HEAD_LAYERS, PREDICTIONS } from "../../graph/architectures/head.js";
import { networkVariables } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { VariableSpec } from "../../graph/variables.js";
import { isStoredType } from "./stored-tensor.js";

/** A value that a source of weights has for one of the network's variables. */
export interface OfferedVariable {
  /** In the network's order of axes. */
  readonly shape: readonly number[];
  /** The type of its numbers, not all of which can be imported. */
  readonly dtype: string;
  /** Its name in the source, for messages. */
  readonly source: string;
}

/** The values that a source of weights has. */
export interface OfferedWeights<Offer extends OfferedVariable = OfferedVariable> {
  /** The architecture of the network that they come from; null: unknown. */
  readonly architecture: Architecture | null;
  /** By the names of the network's variables. */
  readonly variables: ReadonlyMap<string, Offer>;
  /** Lines of a message about values that have no place in the network. */
  readonly unknown: readonly string[];
}

/** Only a file of another kind has more mismatches. */
const MAX_LISTED_MISMATCHES = 200;
const ALL_HEAD_LAYERS: ReadonlySet<string> = new Set(Object.values(HEAD_LAYERS).flat());
/** They tell a fully connected head from one that has the predictions alone. */
const HIDDEN_LAYERS = HEAD_LAYERS.FULLY_CONNECTED.filter((layer) => layer !== PREDICTIONS);

/**
 * Decides which variables of `network` take their first value from a source; the others start at random. The source must
 * have all convolutions and normalizations. In the head, a layer that the source lacks starts at random, as does the
 * last layer when the number of classes differs, and the whole head when the source has a head of another kind.
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
  const listed = mismatches.slice(0, MAX_LISTED_MISMATCHES);
  if (listed.length < mismatches.length) listed.push(`- and ${mismatches.length - listed.length} more.`);
  throw new AppError(
    "WEIGHTS_MISMATCH",
    `The weights must fit ${describe(network)}.${describeSource(network, offered)} These do not fit:\n` +
      listed.join("\n"),
  );
}

/** The layers of the head that start at random. */
function randomLayers(network: NetworkSpec, offered: OfferedWeights): ReadonlySet<string> {
  if (headKindOf(offered) !== network.head.kind) return ALL_HEAD_LAYERS;
  const lacking = [...ALL_HEAD_LAYERS].filter((layer) => !offersLayer(offered, layer));
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

/** The values for layers that the network lacks, those of an unused head excepted. */
function withoutPlace(wanted: readonly VariableSpec[], { variables }: OfferedWeights): string[] {
  const known = new Set(wanted.map(({ name }) => name));
  return [...variables]
    .filter(([name]) => !known.has(name) && !ALL_HEAD_LAYERS.has(layerOf(name)))
    .map(([name, { shape, source }]) => `- ${name}: expected nothing, found ${format(shape)} (${source}).`);
}

function layerOf(variable: string): string {
  return variable.slice(0, variable.lastIndexOf("/"));
}

function describe(network: NetworkSpec): string {
  const { architecture, batchNormalization, widthMultiplier, imageSizePixels, head } = network;
  return (
    `${architecture} ${batchNormalization ? "with" : "without"} batch normalization, widthMultiplier ` +
    `${widthMultiplier}, ${imageSizePixels} pixels, head ${head.kind}`
  );
}

function describeSource({ architecture }: NetworkSpec, offered: OfferedWeights): string {
  const other = offered.architecture !== null && offered.architecture !== architecture;
  return other ? ` They are of ${offered.architecture}.` : "";
}

function equal(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

function format(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
