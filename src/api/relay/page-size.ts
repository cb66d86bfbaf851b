import { AppError } from "../../core/app-error.js";

export interface PageSizes {
  /** Items of a page when the request does not say how many. */
  readonly default: number;
  readonly max: number;
}

export const PAGE_SIZES: PageSizes = { default: 50, max: 200 };

/** Connections with other sizes. Points are small, and a series may have millions of them. */
const OTHER_PAGE_SIZES: Readonly<Record<string, PageSizes>> = {
  MetricPointConnection: { default: 500, max: 2_000 },
};

/** @param connection name of its GraphQL type */
export function pageSizesOf(connection: string): PageSizes {
  return OTHER_PAGE_SIZES[connection] ?? PAGE_SIZES;
}

/** @throws AppError `FIRST_INVALID`, `LAST_INVALID` */
export function checkedPageSize(argument: "first" | "last", size: number, { max }: PageSizes): number {
  if (size >= 1 && size <= max) return size;
  throw new AppError(
    argument === "first" ? "FIRST_INVALID" : "LAST_INVALID",
    `\`${argument}\` must be from 1 to ${max}. Received ${size}. ` +
      `Ask for more with \`${argument === "first" ? "after" : "before"}\`.`,
    { path: [argument] },
  );
}
