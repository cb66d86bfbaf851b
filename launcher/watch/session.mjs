/** Functions that the watching commands share: they print lines and run until they are stopped. */

/** Prints a line with the time of day. */
export function announce(text) {
  process.stderr.write(`${new Date().toLocaleTimeString("en-GB")}  ${text}\n`);
}

/**
 * Waits for Ctrl-C, for another signal to stop, or for the end of a program that must keep running.
 *
 * @param {{ ended: Promise<string> }} program
 * @returns {Promise<number>} the exit code
 */
export async function untilStopped(program) {
  const asked = new Promise((resolve) => {
    // Further signals are ignored while everything stops.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => resolve(null));
  });
  const how = await Promise.race([asked, program.ended]);
  if (how === null) return 0;
  announce(`the compiler ended with ${how}`);
  return 1;
}
