import { AppError } from "../../core/app-error.js";
import type { PruningCriterion } from "../../core/enumerations.js";
import type { Pruning } from "../../core/runs/configuration.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { shapedLayersOf } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import { channelsOf } from "../../graph/pruning/channels.js";
import { removableShare } from "../../graph/pruning/selection.js";

/** The settings by which a pruned network is that of its source, with the paths of their inputs. */
const SHARED: readonly (readonly [setting: string, value: (network: NetworkSpec) => unknown])[] = [
  ["architecture", ({ architecture }) => architecture],
  ["batchNormalization", ({ batchNormalization }) => batchNormalization],
  ["widthMultiplier", ({ widthMultiplier }) => widthMultiplier],
  ["head.kind", ({ head }) => head.kind],
];

/**
 * @param from the name of the source
 * @param path of the source in the request
 * @throws AppError `CONFIGURATION_INVALID` that lists the settings in which the network of a run differs from its source
 */
export function checkSameNetwork(
  network: NetworkSpec,
  source: NetworkSpec,
  from: string,
  path: readonly string[],
): void {
  const differing = SHARED.filter(([, value]) => value(network) !== value(source));
  if (differing.length === 0) return;
  const list = (each: NetworkSpec): string =>
    differing.map(([setting, value]) => `${setting} ${String(value(each))}`).join(", ");
  throw new AppError(
    "CONFIGURATION_INVALID",
    `A run has the network of the version that it prunes. ${from} has ${list(source)}. Received ${list(network)}. Set ` +
      "what the version has.",
    { path },
  );
}

/** @throws AppError `CONFIGURATION_INVALID` for a ranking by what the network does not have */
export function checkCriterion(
  criterion: PruningCriterion,
  { batchNormalization }: NetworkSpec,
  path: readonly string[],
): void {
  if (criterion !== "BATCH_NORM_SCALE" || batchNormalization) return;
  throw new AppError(
    "CONFIGURATION_INVALID",
    "pruning.criterion must be L1_NORM or TAYLOR for a network without batch normalization. Received BATCH_NORM_SCALE.",
    { path },
  );
}

/**
 * Warns when fewer channels can be removed than were asked for.
 *
 * @param network the one that is pruned
 * @throws AppError `CONFIGURATION_INVALID` when none can be removed
 */
export function limitWarnings(
  pruning: Pruning,
  network: NetworkSpec,
  path: readonly string[],
): readonly RunWarning[] {
  const { channels, minimumChannels, multipleOf } = pruning;
  const most = removableShare(channelsOf(shapedLayersOf(network)).groups, pruning);
  const limits = `minimumChannels ${minimumChannels} and multipleOf ${multipleOf}`;
  if (most === 0) {
    throw new AppError(
      "CONFIGURATION_INVALID",
      `pruning must leave channels to remove. With ${limits}, no convolution of the network can become narrower. Lower them.`,
      { path },
    );
  }
  if (most >= channels) return [];
  return [
    {
      code: "SETTING_SENSELESS",
      message:
        `pruning.channels is ${channels}: ${limits} let at most ${percentage(most)} of the channels be removed, so the run ` +
        "removes fewer.",
    },
  ];
}

function percentage(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
