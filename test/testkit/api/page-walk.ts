import assert from "node:assert/strict";
import type { Page, PageRequest } from "../../../src/core/page.js";

export type ReadPage<T> = (request: PageRequest) => Promise<Page<T>>;

/**
 * Reads a list from its beginning to its end, and checks on every page whether other pages precede and follow it.
 *
 * @param between runs after every page but the last
 */
export async function walkForward<T>(
  read: ReadPage<T>,
  first: number,
  between: () => Promise<unknown> = async () => {},
): Promise<T[]> {
  const found: T[] = [];
  for (let after: string | null = null; ; ) {
    const page: Page<T> = await read({ first, after });
    assert.ok(page.items.length <= first);
    assert.equal(await page.hasPreviousPage(), after !== null);
    found.push(...page.items.map(({ node }) => node));
    if (!(await page.hasNextPage())) return found;
    assert.equal(page.items.length, first);
    after = page.items.at(-1)!.cursor;
    await between();
  }
}

/** Reads a list from its end to its beginning. @returns the items in the order of the list */
export async function walkBackward<T>(
  read: ReadPage<T>,
  last: number,
  between: () => Promise<unknown> = async () => {},
): Promise<T[]> {
  const found: T[] = [];
  for (let before: string | null = null; ; ) {
    const page: Page<T> = await read({ last, before });
    assert.ok(page.items.length <= last);
    assert.equal(await page.hasNextPage(), before !== null);
    found.unshift(...page.items.map(({ node }) => node));
    if (!(await page.hasPreviousPage())) return found;
    assert.equal(page.items.length, last);
    before = page.items.at(0)!.cursor;
    await between();
  }
}

/** Checks a list that does not change: pages of these sizes in both directions, and pages between two cursors. */
export async function assertPages<T>(
  read: ReadPage<T>,
  expected: readonly T[],
  sizes: readonly number[] = [1, 2, expected.length, expected.length + 1],
): Promise<void> {
  for (const size of sizes.filter((one) => one > 0)) {
    assert.deepEqual(await walkForward(read, size), expected, `forward by ${size}`);
    assert.deepEqual(await walkBackward(read, size), expected, `backward by ${size}`);
  }
  const { items } = await read({ first: expected.length + 1 });
  if (items.length < 3) return;
  const [after, before] = [items.at(0)!.cursor, items.at(-1)!.cursor];
  const inner = expected.slice(1, -1);
  const nodesOf = (page: Page<T>): T[] => page.items.map(({ node }) => node);

  const whole = await read({ first: inner.length, after, before });
  assert.deepEqual(nodesOf(whole), inner);
  // By Relay's rules, items after `before` are no next page for `first`.
  assert.deepEqual([await whole.hasPreviousPage(), await whole.hasNextPage()], [true, false]);
  const wholeBackward = await read({ last: inner.length, after, before });
  assert.deepEqual(nodesOf(wholeBackward), inner);
  assert.deepEqual([await wholeBackward.hasPreviousPage(), await wholeBackward.hasNextPage()], [false, true]);
  if (inner.length > 1) {
    const head = await read({ first: 1, after, before });
    assert.deepEqual([nodesOf(head), await head.hasNextPage()], [inner.slice(0, 1), true]);
    const tail = await read({ last: 1, after, before });
    assert.deepEqual([nodesOf(tail), await tail.hasPreviousPage()], [inner.slice(-1), true]);
  }
  const crossed = await read({ first: 1, after: before, before: after });
  assert.deepEqual(crossed.items, []);
}
