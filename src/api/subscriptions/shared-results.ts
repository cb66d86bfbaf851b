import type { ExecutionResult } from "graphql";
import type { Role } from "../../core/enumerations.js";

/** Newest events whose results are kept; those who follow at the same pace are never further apart. */
const KEPT_RESULTS = 16;

/** All that a result depends on beside the event: nothing that a subscription can ask for depends on who asks. */
export interface Question {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: unknown;
  readonly role: Role;
}

/** A result for everybody who asks the same at the same time. */
export interface SharedResult {
  /**
   * The result for the event with the cursor: what `execute` gives, which is called for the first who asks
   * alone.
   */
  of(cursor: string, execute: () => Promise<ExecutionResult>): Promise<ExecutionResult>;
  leave(): void;
}

/**
 * Executes a subscription once for each event, however many have subscribed to it in the same words: a
 * thousand dashboards that ask for the run with every event are one statement, not a thousand.
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
        // Whoever is alone asks for nothing twice.
        if (group.members === 1) group.results.clear();
        if (group.members === 0) this.#groups.delete(key);
      },
    };
  }
}

interface Group {
  members: number;
  /** By the event's cursor, in the order in which they were asked for first. */
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
