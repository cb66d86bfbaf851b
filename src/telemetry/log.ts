import { pino } from "pino";
import { prettyFactory } from "pino-pretty";
import type { LogLevel } from "../core/config.js";
import { redact, SECRET_PATHS, WITHHELD } from "./redaction.js";

/**
 * Writes what happens for an operator: one JSON object per line, or colored text on a terminal. Secrets are withheld
 * wherever they appear; image bytes must not be passed.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** An error belongs into the field `error`: its stack and its causes are written too. */
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry `fields`. */
  child(fields: LogFields): Log;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Standard error, or anything else that takes lines. */
export interface LogOutput {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
  write(text: string): unknown;
}

/**
 * Creates a log whose lines are written before the call returns: a crash right afterwards loses none.
 *
 * @param level less severe messages are left out
 */
export function createLog(level: LogLevel, output: LogOutput = process.stderr): Log {
  const logger = pino(
    {
      level,
      // The process id and the host name are known to whatever collects the lines.
      base: null,
      messageKey: "message",
      errorKey: "error",
      timestamp: () => `,"at":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.errWithCause },
      redact: { paths: [...SECRET_PATHS], censor: WITHHELD },
      hooks: { streamWrite: redact },
    },
    output.isTTY === true ? prettyOutput(output) : output,
  );
  return wrap(logger);
}

/** Pino takes the fields first; here the message comes first, as it is read. */
function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}

/** Formats lines in this thread, since lines in another thread are lost when the process crashes. */
function prettyOutput(output: LogOutput): LogOutput {
  const pretty = prettyFactory({
    colorize: output.hasColors?.() ?? true,
    messageKey: "message",
    timestampKey: "at",
    translateTime: "SYS:HH:MM:ss",
    errorLikeObjectKeys: ["error"],
  });
  return { write: (line) => output.write(pretty(line)) };
}
