import { AppError } from "../../core/app-error.js";

export const DEFAULT_PAGE_SIZE = 50;
export const LARGEST_PAGE_SIZE = 200;

/** @throws AppError `FIRST_INVALID` */
export function checkedFirst(first: number, largest: number = LARGEST_PAGE_SIZE): number {
  if (first >= 1 && first <= largest) return first;
  throw new AppError(
    "FIRST_INVALID",
    `\`first\` must be from 1 to ${largest}. Received ${first}. Ask for the rest with \`after\`.`,
    { path: ["first"] },
  );
}
