/** The reason of the signal that stops a run before its next step. */
export class RunStopped extends Error {
  /**
   * @param because CANCELLED and PAUSED: a user requested it. SHUTDOWN: the process ends, and the run continues in
   *   another one
   */
  constructor(readonly because: "CANCELLED" | "PAUSED" | "SHUTDOWN") {
    super(`The run was stopped: ${because}.`);
    this.name = "RunStopped";
  }
}
