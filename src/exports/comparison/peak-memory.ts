import { readdir, readFile } from "node:fs/promises";

/**
 * The greatest resident memory that this process, and the processes that it has started, had so far, in bytes.
 *
 * Linux's `ru_maxrss` is of no use: a process begins with that of the process which started it. Elsewhere, processes that
 * this one has started are not counted.
 */
export async function peakMemoryBytes(): Promise<number> {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  const peaks = await Promise.all([process.pid, ...(await descendantsOf(process.pid))].map(peakOf));
  return peaks.reduce((total, peak) => total + peak, 0);
}

/** The processes that a process of Linux has started, and that have not ended. */
export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const listed = await Promise.all(threads.map((thread) => textOf(`/proc/${pid}/task/${thread}/children`)));
  const children = listed.flatMap((text) => text.split(" ").filter(Boolean).map(Number));
  const others = await Promise.all(children.map(descendantsOf));
  return [...children, ...others.flat()];
}

/** VmHWM is in KiB. */
async function peakOf(pid: number): Promise<number> {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(await textOf(`/proc/${pid}/status`)) ?? [];
  return Number(kibibytes ?? 0) * 1024;
}

/** Empty for a process that has ended. */
function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
