import type { ExecutionResult } from "graphql";

/** An event of a subscription as one line. */
export interface LoggedEvent {
  readonly id: number;
  readonly kind: string;
  /** Such as "number 3 · trainLoss 0.92 …". */
  readonly summary: string;
}

/** Events that report progress. The next event replaces them. */
const TRANSIENT = new Set(["TrainingProgress", "ImportProgress"]);
const MAX_EVENTS = 500;

/**
 * The events of the latest subscription. GraphiQL shows only the last response; this keeps the earlier ones too, so that
 * epochs are seen as they arrive.
 */
export class EventLog {
  #events: readonly LoggedEvent[] = [];
  #nextId = 0;
  readonly #listeners = new Set<() => void>();

  /** For React's `useSyncExternalStore`. It returns the same array until an event is added. */
  readonly snapshot = (): readonly LoggedEvent[] => this.#events;

  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  clear(): void {
    this.#set([]);
  }

  add(result: ExecutionResult): void {
    for (const value of Object.values(result.data ?? {})) {
      if (typeof value !== "object" || value === null) continue;
      const { __typename, cursor, at, ...fields } = value as Record<string, unknown>;
      const event = { id: this.#nextId++, kind: String(__typename ?? "event"), summary: summarize(fields) };
      const last = this.#events.at(-1);
      const kept = last && TRANSIENT.has(last.kind) ? this.#events.slice(0, -1) : this.#events;
      this.#set([...kept.slice(1 - MAX_EVENTS), event]);
    }
  }

  #set(events: readonly LoggedEvent[]): void {
    this.#events = events;
    for (const listener of this.#listeners) listener();
  }
}

function summarize(fields: Record<string, unknown>): string {
  const leaves: string[] = [];
  const visit = (name: string, value: unknown): void => {
    if (value === null) return;
    if (typeof value === "object") {
      const entries = Object.entries(value).filter(([key]) => key !== "__typename");
      // A metric is a number, or the kind of a value that is no number.
      if ("value" in value && "kind" in value) leaves.push(`${name} ${format(value.value ?? value.kind)}`);
      else for (const [key, inner] of entries) visit(key, inner);
    } else {
      leaves.push(`${name} ${format(value)}`);
    }
  };
  for (const [name, value] of Object.entries(fields)) visit(name, value);
  return leaves.join(" · ");
}

function format(value: unknown): string {
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return value.toPrecision(3).replace(/e-0?/, "e-");
}
