/** The code of an error of the operating system or of Node, such as "ENOENT"; null for anything else. */
export function systemCodeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

/** Whether `error` has one of these codes of the operating system or of Node. */
export function hasSystemCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = systemCodeOf(error);
  return code !== null && codes.includes(code);
}

/** For `.catch`: ignores errors with these codes and throws all others. */
export function ignoring(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!hasSystemCode(error, ...codes)) throw error;
  };
}

/** For `.catch`: gives `value` where a file or folder does not exist, and throws all other errors. */
export function whenMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (hasSystemCode(error, "ENOENT")) return value;
    throw error;
  };
}
