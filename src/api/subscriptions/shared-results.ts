import type { ExecutionResult } from "graphql";
import type { Role } from "../../core/enumerations.js";

/** Number of newest events whose results are kept. Subscribers that keep pace are never further apart. */
const KEPT_RESULTS = 16;

/** Everything that a result depends on besides the event. No field of a subscription depends on the caller, only on the role. */
export interface Question {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: unknown;
  readonly role: Role;
}

/** Results that equal subscriptions share. */
export interface SharedResult {
  /**
   * Returns the result for the event with the cursor. `execute` is called only for the first subscriber that needs it.
   */
  of(cursor: string, execute: () => Promise<ExecutionResult>): Promise<ExecutionResult>;
  leave(): void;
}

/**
 * Executes equal subscriptions once per event: for a thousand dashboards that select the run with every event, one
 * statement reads it.
 */
export class SharedResults {
  readonly #groups = new Map<string, Group>();

  join({ query, operationName, variables, role }: Question): SharedResult {
    const key = JSON.stringify([role, operationName, variables, query]);
    const group = this.#groups.get(key) ?? { members: 0, results: new Map() };
    this.#groups.set(key, group);
    group.members += 1;
    return {
      of: (cursor, execute) => resultOf(group, cursor, execute),
      leave: () => {
        group.members -= 1;
        // A single subscriber never needs a result twice.
        if (group.members === 1) group.results.clear();
        if (group.members === 0) this.#groups.delete(key);
      },
    };
  }
}

interface Group {
  members: number;
  /** By the cursor of the event, in the order in which they were first requested. */
  readonly results: Map<string, Promise<ExecutionResult>>;
}

function resultOf(
  { members, results }: Group,
  cursor: string,
  execute: () => Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  const known = results.get(cursor);
  if (known !== undefined) return known;
  const result = execute();
  if (members === 1) return result;
  results.set(cursor, result);
  for (const oldest of results.keys()) {
    if (results.size <= KEPT_RESULTS) break;
    results.delete(oldest);
  }
  return result;
}
