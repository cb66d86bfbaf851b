/** One word of the command line. */
export interface Command {
  /** Arguments, as shown in the usage text. */
  readonly usage: string;
  readonly summary: string;
  /** Its code, loaded only when it is asked for: `serve` brings the whole product. */
  load(): Promise<{
    /** Resolves with the exit code. */
    run(args: readonly string[]): Promise<number>;
  }>;
}

/** The command line itself is wrong: answered with the usage text. */
export class UsageError extends Error {}

/**
 * Whether the only flag a command takes was given; null when it takes none.
 *
 * @throws UsageError for anything else
 */
export function parseFlag(args: readonly string[], flag: string | null): boolean {
  const unknown = args.find((argument) => argument !== flag);
  if (unknown !== undefined) {
    throw new UsageError(
      `Expected ${flag === null ? "no arguments" : `nothing or ${flag}`}. Received ${unknown}.`,
    );
  }
  return args.length > 0;
}
