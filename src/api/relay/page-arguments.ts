import { ArgsType, Field, Int } from "type-graphql";
import type { PageRequest } from "../../core/page.js";
import { checkedFirst, DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE } from "./page-size.js";

/** The arguments of every connection. */
@ArgsType()
export class PageArguments {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_PAGE_SIZE,
    description: `How many items at most, from 1 to ${LARGEST_PAGE_SIZE}; null means ${DEFAULT_PAGE_SIZE}.`,
  })
  first!: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A cursor that this list gave out: the page starts after it, and rows added meanwhile neither " +
      "repeat nor skip any. Null starts at the beginning.",
  })
  after?: string | null;
}

/**
 * The checked form of what a client asked for.
 *
 * @throws AppError `FIRST_INVALID` when `first` is outside 1 to 200
 */
export function pageRequest({ first, after }: PageArguments): PageRequest {
  return { first: checkedFirst(first ?? DEFAULT_PAGE_SIZE), after: after ?? null };
}
