import assert from "node:assert/strict";

/** Repeats a write after a lost connection, as a trainer does. */
export async function untilItWorks(write: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      assert.match(String(error), /terminat|reachable|ECONNRESET/i);
    }
  }
}
