import { hasSystemCode } from "./system-errors.js";

/** Whether a process with this id runs on this machine, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // Signal 0 sends nothing; it only checks.
    return true;
  } catch (error) {
    return hasSystemCode(error, "EPERM");
  }
}
