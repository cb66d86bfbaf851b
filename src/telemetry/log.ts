import type { LogLevel } from "../core/config.js";

const SEVERITY: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40, silent: 100 };

/** Writes one JSON object per line to standard error; never secrets, tokens or picture bytes. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A log whose lines all carry `fields`. */
  child(fields: Record<string, unknown>): Log;
}

export function createLog(
  level: LogLevel,
  write: (line: string) => void = (line) => process.stderr.write(line),
  context: Record<string, unknown> = {},
): Log {
  const at =
    (severity: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (SEVERITY[severity] < SEVERITY[level]) return;
      const entry = { at: new Date().toISOString(), level: severity, message, ...context, ...fields };
      write(
        `${JSON.stringify(entry, (_key, value: unknown) => (value instanceof Error ? describe(value) : value))}\n`,
      );
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => createLog(level, write, { ...context, ...fields }),
  };
}

function describe(error: Error): Record<string, unknown> {
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: describe(error.cause) } : {}),
  };
}
