import pg from "pg";
import { Prisma } from "./generated/client.js";

/** Error of PostgreSQL or of the connection to it, whether Kysely (hence `pg`) or Prisma Client threw it. */
export interface DriverError {
  /** PostgreSQL's (https://www.postgresql.org/docs/current/errcodes-appendix.html) or Node's; null when there is none. */
  readonly code: string | null;
  /** Name of the violated constraint, such as `experiment_name_key`; null when the error is another. */
  readonly constraint: string | null;
  readonly message: string;
}

/** Kinds that Prisma's adapter makes of Node's codes, which it drops. */
const NODE_CODES: Readonly<Record<string, string>> = {
  DatabaseNotReachable: "ECONNREFUSED",
  ConnectionClosed: "ECONNRESET",
  SocketTimeout: "ETIMEDOUT",
};

/** @returns null for what is not an Error */
export function driverErrorOf(error: unknown): DriverError | null {
  if (!(error instanceof Error)) return null;
  const { message } = error;
  if (error instanceof pg.DatabaseError) {
    return { code: error.code ?? null, constraint: error.constraint ?? null, message };
  }
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    const cause = member(member(error.meta, "driverAdapterError"), "cause");
    const kind = text(member(cause, "kind"));
    return {
      code: text(member(cause, "originalCode")) ?? NODE_CODES[kind ?? ""] ?? null,
      constraint: text(member(member(cause, "constraint"), "index")),
      message: text(member(cause, "originalMessage")) ?? message,
    };
  }
  return { code: text(member(error, "code")), constraint: null, message };
}

/** Name of the unique constraint that the statement violated; null when it failed for another reason. */
export function violatedUnique(error: unknown): string | null {
  const found = driverErrorOf(error);
  return found?.code === UNIQUE_VIOLATION ? found.constraint : null;
}

const UNIQUE_VIOLATION = "23505";

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
