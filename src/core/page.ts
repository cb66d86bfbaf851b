/**
 * Asks for a part of an ordered list: among the items between two cursors, the first or the last few. The items at
 * the cursors are not part of it. A missing or null cursor stands for the end of the list.
 */
export type PageRequest = FirstItems | LastItems;

interface BetweenCursors {
  readonly after?: string | null;
  readonly before?: string | null;
}

export interface FirstItems extends BetweenCursors {
  readonly first: number;
  readonly last?: undefined;
}

export interface LastItems extends BetweenCursors {
  readonly last: number;
  readonly first?: undefined;
}

/** A page of a list. Its items are in the order of the list, in whichever direction they were read. */
export interface Page<T> {
  readonly items: readonly { readonly cursor: string; readonly node: T }[];
  /**
   * Whether more items follow. When the first items between two cursors were asked for, only those up to `before`
   * count, as Relay demands. May read from the database.
   */
  readonly hasNextPage: () => Promise<boolean>;
  /** The same in the other direction. */
  readonly hasPreviousPage: () => Promise<boolean>;
}

/** A page of a list whose items are counted cheaply: by an index, or because the number is stored. */
export interface CountedPage<T> extends Page<T> {
  /** Number of items on all pages together. May read from the database. */
  readonly totalCount: () => Promise<number>;
}

/** The same page with other items in the same places. */
export function mapPage<T, U>(page: Page<T>, map: (node: T) => U): Page<U> {
  return {
    items: page.items.map(({ cursor, node }) => ({ cursor, node: map(node) })),
    hasNextPage: page.hasNextPage,
    hasPreviousPage: page.hasPreviousPage,
  };
}

export const EMPTY_PAGE: Page<never> = {
  items: [],
  hasNextPage: async () => false,
  hasPreviousPage: async () => false,
};
