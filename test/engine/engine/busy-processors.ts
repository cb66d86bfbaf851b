/** A program for `engine-host.test.ts` that prints how many processors the engine kept busy. */
import { startEngineWithFolder } from "../../testkit/engine.js";
import { smallGraph } from "./small-graph.js";

for (const name of ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]) delete process.env[name];
await using engine = await startEngineWithFolder();
await using session = await engine.host.openGraph(smallGraph());
const usage = process.cpuUsage();
const started = performance.now();
for (let run = 0; run < 6; run++) {
  await session.run("work", { sizes: { dtype: "int32", shape: [2], data: Int32Array.of(1200, 1200) } });
}
const { user, system } = process.cpuUsage(usage);
process.stdout.write(String((user + system) / 1000 / (performance.now() - started)));
