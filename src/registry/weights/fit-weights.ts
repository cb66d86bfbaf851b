import { AppError } from "../../core/app-error.js";
import type { HeadKind } from "../../core/enumerations.js";
import { HEAD_LAYERS, PREDICTIONS } from "../../graph/architectures/head.js";
import { networkVariables } from "../../graph/architectures/layer-table.js";
import type { ImportedClasses, NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { VariableSpec } from "../../graph/variables.js";
import { describeArchitecture } from "./layouts/source-network.js";
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
  /** The network that they come from, for people; null: not recognized. */
  readonly looksLike: string | null;
  /** By the names of the network's variables. */
  readonly variables: ReadonlyMap<string, Offer>;
  /** Lines of a message about values that have no place in the network. */
  readonly unknown: readonly string[];
  /** Why its head is none of the kinds known here, as the end of "because …"; null: it is one, or there is none. */
  readonly otherHead?: string | null;
  /** The names of its classes, in the order of its outputs; null or absent: not known. */
  readonly classNames?: readonly string[] | null;
}

/** A variable that keeps its random first value. */
export interface RandomVariable {
  readonly variable: string;
  /** As the end of "because …". */
  readonly reason: string;
}

/** The variables of a network whose first values come from a source, and those that start at random. */
export interface FittedWeights {
  /** Names, in the network's order. */
  readonly copied: readonly string[];
  readonly random: readonly RandomVariable[];
  /** The classes of the last layer where they are not those of the network in its order; null: they are. */
  readonly classes: ImportedClasses | null;
}

/** The first ones tell what is wrong: most files that do not fit are of another network, where nearly nothing fits. */
const MAX_LISTED_MISMATCHES = 6;
const ALL_HEAD_LAYERS: ReadonlySet<string> = new Set(Object.values(HEAD_LAYERS).flat());
/** They tell a fully connected head from one that has the predictions alone. */
const HIDDEN_LAYERS = HEAD_LAYERS.FULLY_CONNECTED.filter((layer) => layer !== PREDICTIONS);

/**
 * Decides which variables of `network` take their first value from a source; the others start at random. The source must
 * have all convolutions and normalizations. A layer of the head that the source lacks, or that has another shape there,
 * starts at random, and so does the whole head when the source has a head of another kind. In the last layer, each class
 * takes the values of the source's class of the same name, where the names are known; new classes start at random.
 *
 * @param classNames the network's classes; null: not known
 * @throws AppError `WEIGHTS_MISMATCH` that says what the source looks like, and lists the first values that do not fit
 */
export function fitWeights(
  network: NetworkSpec,
  offered: OfferedWeights,
  classNames: readonly string[] | null = null,
): FittedWeights {
  const classes = classNames === null ? null : mapClasses(classNames, offered);
  // The last layer as the source has it.
  const wanted = networkVariables({ ...network, classCount: classes?.sourceCount ?? network.classCount });
  const random = wanted.flatMap(({ name }) => {
    if (!ALL_HEAD_LAYERS.has(layerOf(name))) return [];
    const isNew = layerOf(name) === PREDICTIONS && classes?.positions.every((position) => position === null);
    const reason = whyRandom(name, wanted, network, offered) ?? (isNew ? "all classes are new" : null);
    return reason === null ? [] : [{ variable: name, reason }];
  });
  const isRandom = new Set(random.map(({ variable }) => variable));
  const given = wanted.filter(({ name }) => !isRandom.has(name));
  const mismatches = [
    ...given.flatMap((variable) => mismatchOf(variable, offered)),
    ...withoutPlace(wanted, offered),
    ...offered.unknown,
  ];
  if (mismatches.length === 0) {
    const hasClasses = classes !== null && given.some(({ name }) => layerOf(name) === PREDICTIONS);
    return { copied: given.map(({ name }) => name), random, classes: hasClasses ? classes : null };
  }
  const listed = mismatches.slice(0, MAX_LISTED_MISMATCHES);
  if (listed.length < mismatches.length) listed.push(`- and ${mismatches.length - listed.length} more.`);
  const looksLike = offered.looksLike ?? "none of the networks known here";
  throw new AppError(
    "WEIGHTS_MISMATCH",
    `The run trains ${describe(network)}. The weights look like ${looksLike}. These do not fit:\n${listed.join("\n")}`,
  );
}

/** The names of the source's classes; null: it does not name them, or not those of its outputs. */
export function sourceClassNames({ classNames, variables }: OfferedWeights): readonly string[] | null {
  const outputs = variables.get(`${PREDICTIONS}/kernel`)?.shape.at(-1);
  return classNames != null && classNames.length === outputs ? classNames : null;
}

/** Null: the source has the same classes in the same order, or does not name them. */
function mapClasses(classNames: readonly string[], offered: OfferedWeights): ImportedClasses | null {
  const names = sourceClassNames(offered);
  if (names === null) return null;
  const sourceCount = names.length;
  // Unicode has two forms of one text: macOS writes the names of folders in the one, imports write them in the other.
  const positionOf = new Map(names.map((name, position) => [name.normalize("NFC"), position]));
  const positions = classNames.map((name) => positionOf.get(name.normalize("NFC")) ?? null);
  const same = positions.length === sourceCount && positions.every((position, index) => position === index);
  return same ? null : { sourceCount, positions };
}

/** The reason why a variable of the head starts at random; null when it does not. */
function whyRandom(
  name: string,
  wanted: readonly VariableSpec[],
  { head }: NetworkSpec,
  offered: OfferedWeights,
): string | null {
  const kind = headKindOf(offered);
  if (kind !== head.kind) {
    return (
      offered.otherHead ??
      (kind === null
        ? "the weights have no head"
        : `the head of the weights is ${kind}, and that of the run is ${head.kind}`)
    );
  }
  const kernel = `${layerOf(name)}/kernel`;
  // Without its kernel, a bias is of no use.
  for (const part of new Set([kernel, name])) {
    const offer = offered.variables.get(part);
    const shape = wanted.find((variable) => variable.name === part)?.shape ?? [];
    if (offer === undefined) return "there is none";
    if (!isStoredType(offer.dtype)) return `it has ${offer.dtype} (${offer.source}), not floats`;
    if (!equal(offer.shape, shape)) {
      return `it needs ${format(shape)}, and there is ${format(offer.shape)} (${offer.source})`;
    }
  }
  return null;
}

/** Null: the source has no head that is known here. */
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
  const { widthMultiplier, imageSizePixels, head, layerWidths } = network;
  const width = `width ${widthMultiplier}${layerWidths == null ? "" : ", pruned"}`;
  return `${describeArchitecture(network)}, ${width}, ${imageSizePixels} pixels, head ${head.kind}`;
}

function equal(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

function format(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
