/** Why a run that could go on stops before its next step: the reason of the signal that stops it. */
export class RunStopped extends Error {
  /**
   * @param because CANCELLED and PAUSED: someone asked for it. SHUTDOWN: the process ends, and the run goes on in
   *   another
   */
  constructor(readonly because: "CANCELLED" | "PAUSED" | "SHUTDOWN") {
    super(`The run was stopped: ${because}.`);
    this.name = "RunStopped";
  }
}
