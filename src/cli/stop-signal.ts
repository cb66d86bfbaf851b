/**
 * Resolves when the process is asked to stop. A signal that arrives during the start is remembered, and stops the
 * process once it is up.
 *
 * @param withStandardInput true when a program started this process and holds its standard input open: the process
 *   must not outlive that program
 */
export async function stopSignal(options: { readonly withStandardInput: boolean }): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    if (options.withStandardInput) process.stdin.resume().once("end", resolve);
  });
  process.stdin.destroy(); // Open, it would keep the process alive.
}
