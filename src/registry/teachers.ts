import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { NetworkSpec } from "../graph/architectures/network-spec.js";
import { modelVersionName } from "./model-ref.js";
import type { ModelRegistry } from "./model-registry.js";
import type { ModelStore } from "./model-store.js";
import { modelVersionNotFound } from "./model-version-not-found.js";

/** A model version that a run learns from. */
export interface Teacher {
  /** "flowers:3", which always means the same version: a model keeps its name, and a version its number. */
  readonly ref: string;
  /** The network as it was trained. */
  readonly network: NetworkSpec;
  /** A checkpoint of the network: the folder holds `variables.index`. */
  readonly folder: string;
  /** The place of each class of the dataset among the network's outputs. */
  readonly classPositions: readonly number[];
}

/** Classes that a message lists at most. */
const LISTED_CLASSES = 10;

/** Finds the teachers of runs. */
export class Teachers {
  constructor(
    private readonly models: ModelStore,
    private readonly registry: ModelRegistry,
  ) {}

  /**
   * @param ref "flowers:3", "flowers@champion"
   * @param classNames the classes of the dataset
   * @param path of the reference in the request
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `MODEL_DAMAGED`; `TEACHER_UNFIT` for one with other classes
   */
  async find(ref: string, classNames: readonly string[], path: readonly string[] = []): Promise<Teacher> {
    const version = await this.models.findVersionByRef(ref);
    if (version === null) throw await modelVersionNotFound(this.models, ref, path);
    const name = modelVersionName(version);
    const { folder, manifest } = await this.registry.read(version);
    return {
      ref: name,
      network: manifest.network,
      folder: variablesOf(folder),
      classPositions: positionsOf(classNames, manifest.classNames, name, path),
    };
  }
}

function variablesOf(folder: string): string {
  return path.join(folder, "variables");
}

function positionsOf(
  wanted: readonly string[],
  known: readonly string[],
  teacher: string,
  path: readonly string[],
): readonly number[] {
  const positions = new Map(known.map((name, position) => [name, position]));
  const unknown = wanted.filter((name) => !positions.has(name));
  const others = known.filter((name) => !wanted.includes(name));
  if (unknown.length === 0 && others.length === 0) return wanted.map((name) => positions.get(name) ?? 0);
  const differences = [
    ...(unknown.length === 0 ? [] : [`It does not know ${listed(unknown)}.`]),
    ...(others.length === 0 ? [] : [`The dataset lacks ${listed(others)}, which it knows.`]),
  ];
  throw new AppError(
    "TEACHER_UNFIT",
    `A teacher must know the classes of the dataset and no others. ${teacher} has ${known.length} classes, the dataset ` +
      `${wanted.length}. ${differences.join(" ")} Choose a model version that was trained on these classes.`,
    { path },
  );
}

/** "daisy", "rose" and 3 more */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_CLASSES).map((name) => JSON.stringify(name));
  const hidden = names.length - shown.length;
  return new Intl.ListFormat("en").format(hidden === 0 ? shown : [...shown, `${hidden} more`]);
}
