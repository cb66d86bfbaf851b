import { useEffect, useRef, useSyncExternalStore } from "react";
import type { EventLog } from "./log.js";

/** The events of the subscription so far, oldest first, below the response. */
export function EventsFooter({ log }: { readonly log: EventLog }) {
  const events = useSyncExternalStore(log.listen, log.snapshot);
  const list = useRef<HTMLOListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every new event scrolls into view
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [events]);
  if (events.length === 0) return null;
  return (
    <section className="events" aria-label="Events">
      <h3>Events</h3>
      <ol ref={list}>
        {events.map((event) => (
          <li key={event.id}>
            <span className="event-kind">{event.kind}</span> {event.summary}
          </li>
        ))}
      </ol>
    </section>
  );
}
