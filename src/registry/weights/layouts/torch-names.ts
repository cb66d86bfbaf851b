import { AppError } from "../../../core/app-error.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { layersOf } from "../../../graph/architectures/registry.js";
import { printable } from "../invalid-weights.js";
import type { StoredTensor } from "../stored-tensor.js";
import { variantsOf } from "./recognized-network.js";

export type Tensors = ReadonlyMap<string, StoredTensor>;

/** The tensors of a state dictionary under the names that torchvision or timm give them. */
export interface NamedTensors {
  /** The network that has convolutions of these names; null: none. */
  readonly network: NetworkSpec | null;
  /** What stood before or inside the names, "module."; null: nothing. */
  readonly prefix: string | null;
  /** By the names without the prefix. */
  readonly tensors: Tensors;
  /** The tensors that the prefix does not cover. */
  readonly outside: readonly StoredTensor[];
}

/** Steps that data parallelism, compilation and the like add to names: they only pass on to the module inside. */
const WRAPPERS: ReadonlySet<string> = new Set([
  "module",
  "_orig_mod",
  "_fsdp_wrapped_module",
  "_checkpoint_wrapped_module",
  "_forward_module",
]);
/** Of several networks in a file, one under an earlier prefix is meant. */
const PREFERRED_PREFIXES = [
  "",
  "model.",
  "net.",
  "network.",
  "backbone.",
  "encoder.",
  "encoder_q.",
  "student.",
];
/** Only a file of many models has more. */
const MAX_PREFIXES = 100;

/** Where a network's names are found: under a prefix, and perhaps without their common first step. */
interface Place {
  readonly prefix: string;
  /** The first step that the names in the file lack, "features."; or nothing. */
  readonly root: string;
}

/** The convolutions of a network in files of torch. */
interface Candidate {
  readonly network: NetworkSpec;
  readonly convolutions: readonly string[];
  /** The first steps of the names of its stages. */
  readonly roots: ReadonlySet<string>;
}

/**
 * Recognizes the network by the names of its convolutions, below any prefix.
 *
 * @throws AppError `WEIGHTS_MISMATCH` for a file that holds several networks
 */
export function nameTensors(tensors: Tensors, network: NetworkSpec): NamedTensors {
  const plain = withoutWrappers(tensors);
  const candidates = variantsOf(network).map(candidateOf);
  const found = new Map<string, { readonly candidate: Candidate; readonly place: Place }>();
  for (const candidate of candidates) {
    for (const place of placesOf(plain, candidate)) {
      if (fits(plain, candidate, place)) found.set(place.prefix, { candidate, place });
    }
  }
  const chosen = found.get(preferred([...found.keys()]) ?? "");
  if (chosen === undefined) {
    const own = candidates.filter((candidate) => candidate.network.architecture === network.architecture);
    return named(
      plain,
      null,
      closestPlace(plain, own),
      own.flatMap(({ roots }) => [...roots]),
    );
  }
  return named(plain, chosen.candidate.network, chosen.place, [...chosen.candidate.roots]);
}

/** The names without wrappers; as they are where two would become one. */
function withoutWrappers(tensors: Tensors): Tensors {
  const plain = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    const steps = name.split(".");
    plain.set(steps.filter((step) => !WRAPPERS.has(step)).join("."), tensor);
  }
  return plain.size === tensors.size ? plain : tensors;
}

function candidateOf(network: NetworkSpec): Candidate {
  const staged = layersOf(network).filter(({ stage }) => stage !== null);
  const convolutions = staged.flatMap(({ layer, torchNames: [name] }) =>
    layer.kind === "Conv2D" && name !== undefined ? [`${name}.weight`] : [],
  );
  return {
    network,
    convolutions,
    roots: new Set(staged.flatMap(({ torchNames }) => torchNames.map(rootOf))),
  };
}

/** Everywhere that the first convolution is. */
function placesOf(tensors: Tensors, { convolutions, roots }: Candidate): Place[] {
  const [first = ""] = convolutions;
  // A sequence is also saved by itself, or under another name.
  const [only = ""] = roots.size === 1 ? [...roots].map((root) => `${root}.`) : [];
  return [...tensors.keys()]
    .flatMap((name) =>
      [...new Set(["", only])].flatMap((root) => {
        const end = first.slice(root.length);
        if (name !== end && !name.endsWith(`.${end}`)) return [];
        const prefix = name.slice(0, name.length - end.length);
        return root !== "" && `.${prefix}`.endsWith(`.${root}`) ? [] : [{ prefix, root }];
      }),
    )
    .slice(0, MAX_PREFIXES);
}

/** Whether exactly the convolutions of the network are there. */
function fits(tensors: Tensors, { convolutions, roots }: Candidate, { prefix, root }: Place): boolean {
  const expected = new Set(convolutions);
  let count = 0;
  for (const [name, { shape }] of tensors) {
    if (!name.startsWith(prefix) || shape.length !== 4 || !name.endsWith(".weight")) continue;
    const own = root + name.slice(prefix.length);
    if (!roots.has(rootOf(own))) continue;
    if (!expected.has(own)) return false;
    count++;
  }
  return count === expected.size;
}

function preferred(prefixes: readonly string[]): string | undefined {
  const rankOf = (prefix: string): number => {
    const rank = PREFERRED_PREFIXES.indexOf(prefix);
    return rank < 0 ? PREFERRED_PREFIXES.length : rank;
  };
  const [first, second] = [...prefixes].sort((one, other) => rankOf(one) - rankOf(other));
  if (first === undefined || second === undefined || rankOf(first) < rankOf(second)) return first;
  throw new AppError(
    "WEIGHTS_MISMATCH",
    `The file holds several networks, \`${printable(first)}\` and \`${printable(second)}\` among them. Save the state_dict() of one.`,
  );
}

/** Where most names of the network are. */
function closestPlace(tensors: Tensors, candidates: readonly Candidate[]): Place {
  let [closest, most]: [Place, number] = [{ prefix: "", root: "" }, 0];
  for (const candidate of candidates) {
    for (const place of placesOf(tensors, candidate)) {
      const { prefix, root } = place;
      const count = candidate.convolutions.filter((name) =>
        tensors.has(prefix + name.slice(root.length)),
      ).length;
      if (count > most) [closest, most] = [place, count];
    }
  }
  return closest;
}

/** @param roots the first steps of the names of the stages */
function named(
  plain: Tensors,
  network: NetworkSpec | null,
  { prefix, root }: Place,
  roots: readonly string[],
): NamedTensors {
  const tensors = new Map<string, StoredTensor>();
  const outside: StoredTensor[] = [];
  for (const [name, tensor] of plain) {
    if (name.startsWith(prefix)) tensors.set(root + name.slice(prefix.length), tensor);
    else outside.push(tensor);
  }
  return { network, prefix: prefixIn(tensors, new Set(roots)), tensors, outside };
}

/** What the names in the file have before those of the network. Other tensors may have wrappers of their own. */
function prefixIn(tensors: Tensors, roots: ReadonlySet<string>): string | null {
  const changed = [...tensors].filter(([name, tensor]) => tensor.name !== name && roots.has(rootOf(name)));
  if (changed.length === 0) return null;
  const own = commonSteps(changed.map(([name]) => name));
  const inFile = commonSteps(changed.map(([, tensor]) => tensor.name));
  const prefix = inFile.endsWith(own) ? inFile.slice(0, inFile.length - own.length) : inFile;
  return prefix === "" ? null : printable(prefix);
}

/** The steps that all names begin with: "features." */
function commonSteps(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.split(".").slice(0, -1));
  const end = first.findIndex((step, index) => others.some((steps) => steps[index] !== step));
  return (end < 0 ? first : first.slice(0, end)).map((step) => `${step}.`).join("");
}

/** "features" of "features.0.weight". */
export function rootOf(name: string): string {
  return name.split(".", 1)[0] ?? name;
}
