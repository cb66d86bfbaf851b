/** For `.catch`: passes over the file errors with these codes, such as ENOENT, and throws all others. */
export function ignoring(...codes: readonly string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code === undefined || !codes.includes(error.code)) throw error;
  };
}
