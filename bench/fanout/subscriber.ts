import type { ResultOf } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { WebSocket } from "ws";
import { graphql } from "../../src/client/generated/gql.js";
import type { Subscription } from "./messages.js";
import { SequenceCheck } from "./sequence-check.js";

/** The fields that a dashboard shows. */
const RUN_EVENTS = graphql(`subscription FanoutEvents($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    cursor
    sequence
    at
    ... on RunStateChanged { from to reason detail }
    ... on RunWarning { code message }
  }
}`);
const QUERY = print(RUN_EVENTS);

/** Called with each event when it arrives. */
export type OnEvent = (event: { readonly sequence: number; readonly writtenAtMs: number | null }) => void;

/**
 * A WebSocket that follows a run and counts its events. It implements the protocol graphql-transport-ws itself, because
 * a thousand clients of a library in one process would take more time than the server that is measured.
 */
export class Subscriber {
  readonly check = new SequenceCheck();
  readonly #socket: WebSocket;
  /** Null while it is open. */
  #closedWith: string | null = null;

  constructor({ url, token, runId }: Subscription, onEvent: OnEvent) {
    const address = new URL("/graphql", url);
    address.protocol = "ws:";
    const socket = new WebSocket(address, "graphql-transport-ws", { perMessageDeflate: false });
    this.#socket = socket;
    const send = (message: object): void => socket.send(JSON.stringify(message));
    const payload = { query: QUERY, variables: { runId } };
    socket.on("open", () => send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload });
      if (message.type !== "next") return;
      const event = message.payload.data.runEvents;
      const { sequence } = event;
      this.check.receive(sequence);
      // The benchmark's own events are warnings whose message is the time of writing.
      onEvent({ sequence, writtenAtMs: event.__typename === "RunWarning" ? Number(event.message) : null });
    });
    socket.on("error", (error) => {
      this.#closedWith ??= error.message;
    });
    socket.on("close", (code, reason) => {
      this.#closedWith ??= `${code} ${reason}`.trim();
    });
  }

  /** Why the connection ended; null while it is open. */
  get closedWith(): string | null {
    return this.#closedWith;
  }

  leave(): void {
    this.#socket.terminate();
  }
}

type ServerMessage =
  | { readonly type: "connection_ack" }
  | {
      readonly type: "next";
      readonly payload: { readonly data: ResultOf<typeof RUN_EVENTS> };
    };
