/**
 * Resolves when the process is asked to stop. A signal that arrives while things start is remembered, and
 * stops them once they are up.
 *
 * @param withStandardInput another program started this one and holds its standard input open: it must not
 *   outlive that program
 */
export async function stopSignal(options: { readonly withStandardInput: boolean }): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    if (options.withStandardInput) process.stdin.resume().once("end", resolve);
  });
  process.stdin.destroy(); // Open, it would keep the process alive.
}
