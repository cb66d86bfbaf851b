/** How many channels are removed, and what every convolution keeps. */
export interface PruningLimits {
  /** The part of all filters of convolutions that is removed, from 0 to 1. */
  readonly channels: number;
  /** Channels that every convolution keeps, if it has as many. */
  readonly minimumChannels: number;
  /** Widths that change become a multiple of it. */
  readonly multipleOf: number;
}

/** A group of channels, as far as their number matters. */
export interface SizedGroup {
  readonly name: string;
  readonly width: number;
  /** Convolutions that have its channels: removing a channel removes this many filters. */
  readonly convolutions: readonly unknown[];
}

export interface ScoredGroup extends SizedGroup {
  /** The importance of each channel per filter, comparable between groups. */
  readonly scores: readonly number[];
}

/** Channels that are removed together, so that the width becomes a multiple again. */
interface Step {
  readonly group: number;
  readonly filters: number;
  /** Mean importance of its channels; steps of a group are in ascending order. */
  readonly score: number;
  readonly channels: readonly number[];
}

/**
 * Chooses the channels that stay: the filters of the whole network are ranked, and those of the least importance are
 * removed until their part of all filters is as close to `channels` as the steps of `multipleOf` and the minimum of each
 * group allow; if two parts are equally close, the larger. A group loses its least important channels first, in steps that lead from multiple to multiple, and steps
 * are ranked by the mean importance of their channels. Equal scores: the later channel, and the earlier group, go first.
 *
 * @returns the channels that each group keeps, in ascending order, by its name
 */
export function selectChannels(
  groups: readonly ScoredGroup[],
  limits: PruningLimits,
): ReadonlyMap<string, readonly number[]> {
  const steps = groups.flatMap((group, index) => stepsOf(group, index, limits));
  // The sort is stable, so the steps of a group keep their order.
  const ranked = steps.toSorted((one, other) => one.score - other.score);
  const wanted = limits.channels * filtersOf(groups);
  const removed = groups.map(() => new Set<number>());
  const finished = new Set<number>();
  let filters = 0;
  for (const step of ranked) {
    if (finished.has(step.group)) continue;
    if (Math.abs(filters + step.filters - wanted) <= Math.abs(filters - wanted)) {
      filters += step.filters;
      for (const channel of step.channels) removed[step.group]?.add(channel);
    } else {
      // Its more important channels stay too; a smaller step of another group may still come closer.
      finished.add(step.group);
    }
  }
  return new Map(
    groups.map(({ name, width }, index) => [
      name,
      Array.from({ length: width }, (_, channel) => channel).filter(
        (channel) => !removed[index]?.has(channel),
      ),
    ]),
  );
}

/** The greatest part of all filters that the minimum and the multiples let be removed, from 0 to 1. */
export function removableShare(
  groups: readonly SizedGroup[],
  limits: Omit<PruningLimits, "channels">,
): number {
  const removable = groups.map(({ width, convolutions }) => {
    const narrowest = widthsBelow(width, limits).at(-1) ?? width;
    return { width: width - narrowest, convolutions };
  });
  return filtersOf(removable) / filtersOf(groups);
}

/** Filters of all convolutions. */
function filtersOf(groups: readonly Pick<SizedGroup, "width" | "convolutions">[]): number {
  return groups.reduce((total, { width, convolutions }) => total + width * convolutions.length, 0);
}

/** The widths that a group may get, in descending order. */
function widthsBelow(
  width: number,
  { minimumChannels, multipleOf }: Omit<PruningLimits, "channels">,
): readonly number[] {
  const greatest = Math.floor((width - 1) / multipleOf);
  const least = Math.max(1, Math.ceil(minimumChannels / multipleOf));
  return Array.from(
    { length: Math.max(0, greatest - least + 1) },
    (_, index) => (greatest - index) * multipleOf,
  );
}

function stepsOf(group: ScoredGroup, index: number, limits: PruningLimits): readonly Step[] {
  const { width, scores, convolutions } = group;
  const ascending = Array.from({ length: width }, (_, channel) => channel).sort(
    (one, other) => (scores[one] ?? 0) - (scores[other] ?? 0) || other - one,
  );
  const widths = widthsBelow(width, limits);
  return widths.map((after, step) => {
    const before = widths[step - 1] ?? width;
    const channels = ascending.slice(width - before, width - after);
    const total = channels.reduce((sum, channel) => sum + (scores[channel] ?? 0), 0);
    return {
      group: index,
      filters: channels.length * convolutions.length,
      score: total / channels.length,
      channels,
    };
  });
}
