import { AppError } from "../../../core/app-error.js";
import { invalidWeights, printable, quoted } from "../invalid-weights.js";
import { PickleDict, PicklePlaceholder, type PickleValue } from "./pickle.js";
import { TorchTensor } from "./state-dict.js";

/** The tensors of a state dictionary by name. */
export interface FoundStateDict {
  /** The keys that lead to it in the dictionaries of a training script, "state_dict"; null: the file is it. */
  readonly container: string | null;
  /** The dictionaries that lead to it, itself included, the outermost first. */
  readonly path: readonly PickleDict[];
  readonly tensors: ReadonlyMap<string, TorchTensor>;
}

/** The keys of the state dictionary in the larger dictionaries of training scripts; the first one that has weights counts. */
const CONTAINERS = [
  "state_dict",
  "model_state_dict",
  "model_state",
  "model",
  "net",
  "network",
  "module",
  "weights",
  "params",
];
/** The same for averages of weights over steps. */
const AVERAGED = ["ema", "model_ema", "ema_model", "state_dict_ema", "ema_state_dict", "averaged_model"];
/** Dictionaries that hold tensors of other things. */
const OTHERS = /optim|sched|scaler|criterion|loss|callback|loop/i;
const MAX_DEPTH = 6;

/**
 * Finds the state dictionary in what `torch.save` wrote: the first dictionary with weights, known keys first.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export function findStateDict(root: PickleValue): FoundStateDict {
  const found = [...dictionariesIn(root, [], [], new Set())];
  const chosen = found.find(({ tensors }) => [...tensors].some(isWeight)) ?? found[0];
  if (chosen !== undefined) return chosen;
  if (root instanceof PicklePlaceholder) {
    throw new AppError(
      "WEIGHTS_INVALID",
      `The file holds an object of ${quoted(root.name)}, which is never created here. Save its state_dict() in its place.`,
    );
  }
  throw invalidWeights(
    `a state_dict of tensors, by itself or as one of ${[...CONTAINERS, ...AVERAGED].join(", ")}`,
    "no tensors there",
  );
}

/** Dictionaries that have tensors, those first that are more likely the state dictionary. */
function* dictionariesIn(
  value: PickleValue,
  keys: readonly string[],
  around: readonly PickleDict[],
  seen: Set<PickleDict>,
): Generator<FoundStateDict> {
  if (!(value instanceof PickleDict) || seen.has(value) || keys.length > MAX_DEPTH) return;
  seen.add(value);
  const path = [...around, value];
  const below = function* (next: Iterable<PickleValue>): Generator<FoundStateDict> {
    for (const key of next) {
      if (typeof key !== "string") continue;
      yield* dictionariesIn(value.entries.get(key) ?? null, [...keys, key], path, seen);
    }
  };
  yield* below(CONTAINERS);
  const tensors = tensorsIn(value);
  if (tensors.size > 0)
    yield { container: keys.length > 0 ? printable(keys.join(".")) : null, path, tensors };
  yield* below(AVERAGED);
  yield* below([...value.entries.keys()].filter((key) => typeof key === "string" && !OTHERS.test(key)));
}

function tensorsIn({ entries }: PickleDict): ReadonlyMap<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [key, value] of entries) {
    if (typeof key === "string" && value instanceof TorchTensor) tensors.set(key, value);
  }
  return tensors;
}

/** Whether a tensor is that of a convolution or a dense layer, not a figure of the training. */
function isWeight([name, { shape }]: readonly [string, TorchTensor]): boolean {
  return name.endsWith("weight") && shape.length >= 2;
}
