import {
  type ConfusionCell,
  type ConfusionMatrix,
  cellsOf,
  compareCells,
} from "../../core/confusion-matrix.js";
import { type KeyBound, type KeyRange, keysetOf, readPage } from "../../core/keyset.js";
import type { CountedPage, PageRequest } from "../../core/page.js";

type CellKey = readonly [sampleCount: number, trueClass: number, predictedClass: number];

const KEYSET = keysetOf(
  ["integer", "integer", "integer"],
  ({ sampleCount, trueClass, predictedClass }: ConfusionCell) => [sampleCount, trueClass, predictedClass],
);

export interface ConfusionFilter {
  /** Leaves out the samples that are predicted correctly. */
  readonly mistakesOnly: boolean;
}

/**
 * Lists the cells of a confusion matrix that are not zero, those with the most samples first.
 *
 * @throws AppError `CURSOR_INVALID`
 */
export async function pageOfConfusion(
  confusion: ConfusionMatrix,
  { mistakesOnly }: ConfusionFilter,
  page: PageRequest,
): Promise<CountedPage<ConfusionCell>> {
  const cells = cellsOf(confusion).filter(
    ({ trueClass, predictedClass }) => !mistakesOnly || trueClass !== predictedClass,
  );
  const read = async (range: KeyRange<CellKey>): Promise<readonly ConfusionCell[]> => cellsIn(cells, range);
  return { ...(await readPage(page, KEYSET, read)), totalCount: async () => cells.length };
}

function cellsIn(
  cells: readonly ConfusionCell[],
  { after, before, backward, limit }: KeyRange<CellKey>,
): readonly ConfusionCell[] {
  const within = cells.filter((cell) => isBeyond(cell, after, 1) && isBeyond(cell, before, -1));
  return backward ? within.reverse().slice(0, limit) : within.slice(0, limit);
}

/** @param side 1: whether a cell comes after the bound, -1: whether it comes before */
function isBeyond(cell: ConfusionCell, bound: KeyBound<CellKey> | null, side: 1 | -1): boolean {
  if (bound === null) return true;
  const [sampleCount, trueClass, predictedClass] = bound.key;
  const order = compareCells(cell, { sampleCount, trueClass, predictedClass }) * side;
  return bound.inclusive ? order >= 0 : order > 0;
}
