/** Notices that npm, which started the launcher, is gone: some versions of npm end without passing a signal on. */

/** The scripts of package.json that keep running until they are stopped. */
const SCRIPTS = ["start", "worker", "demo"];
const INTERVAL_MS = 500;

const parent = process.ppid;

/**
 * Calls `onGone` once when the parent of this process, which runs a script of npm, has ended. It does nothing where a
 * person or another program started the launcher: what runs in the background outlives its parent.
 *
 * @param {() => void} onGone
 * @returns {() => void} ends the watch
 */
export function watchNpm(onGone) {
  const { npm_lifecycle_event: event = "", npm_lifecycle_script: script = "" } = process.env;
  const isOfNpm = SCRIPTS.includes(event) && script.startsWith(`node launcher/launch.mjs ${event}`);
  // Process 1 adopts what has lost its parent, and runs the launcher itself in a container.
  if (!isOfNpm || parent === 1) return () => {};
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, INTERVAL_MS);
  return () => clearInterval(timer);
}
