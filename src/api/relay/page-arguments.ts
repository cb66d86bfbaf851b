import { ArgsType, type ClassType, Field, Int } from "type-graphql";
import { AppError } from "../../core/app-error.js";
import type { PageRequest } from "../../core/page.js";
import { checkedPageSize, PAGE_SIZES, type PageSizes } from "./page-size.js";

/** Arguments of a connection, as the client sent them. */
export interface PageInput {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** Declares the arguments of a connection. */
export function pageArguments(sizes: PageSizes): ClassType<PageInput> {
  @ArgsType()
  class Arguments implements PageInput {
    @Field(() => Int, {
      nullable: true,
      description:
        `Returns the first items, at least 1 and at most ${sizes.max} of them. Null means ${sizes.default}, ` +
        "unless `last` or only `before` is given.",
    })
    first?: number | null;

    @Field(() => String, {
      nullable: true,
      description:
        "Cursor of an item of this list. Only items after it are returned. Items that are added in the " +
        "meantime cause neither repetitions nor gaps. Null starts at the beginning.",
    })
    after?: string | null;

    @Field(() => Int, {
      nullable: true,
      description:
        `Returns the last items, at least 1 and at most ${sizes.max} of them, in the order of the list. It ` +
        `excludes \`first\`. Null means ${sizes.default} if only \`before\` is given.`,
    })
    last?: number | null;

    @Field(() => String, {
      nullable: true,
      description:
        "Cursor of an item of this list. Only items before it are returned. Null reads to the end.",
    })
    before?: string | null;
  }
  return Arguments;
}

/** The arguments of most connections. */
export const PageArguments = pageArguments(PAGE_SIZES);

/**
 * Validates the arguments of a connection.
 *
 * @throws AppError `FIRST_INVALID`, `LAST_INVALID`, `PAGE_INVALID`
 */
export function pageRequest(
  { first = null, after = null, last = null, before = null }: PageInput,
  sizes: PageSizes = PAGE_SIZES,
): PageRequest {
  if (first !== null && last !== null) {
    throw new AppError(
      "PAGE_INVALID",
      `A page has the first or the last items, so \`first\` and \`last\` exclude each other. ` +
        `Received \`first: ${first}\` and \`last: ${last}\`.`,
      { path: ["last"] },
    );
  }
  const readsBackward = last !== null || (first === null && after === null && before !== null);
  return readsBackward
    ? { last: checkedPageSize("last", last ?? sizes.default, sizes), after, before }
    : { first: checkedPageSize("first", first ?? sizes.default, sizes), after, before };
}
