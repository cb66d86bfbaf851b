import { parseConfig } from "../../../src/core/config.js";
import { Database } from "../../../src/db/database.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { ModelRegistry } from "../../../src/registry/model-registry.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { PrunedNetworks } from "../../../src/registry/pruning/pruned-networks.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { testLog } from "../../testkit/postgres/database.js";
import { startTrainer } from "./training-world.js";

/**
 * A process that trains until it is killed. Arguments: URL of the database, home folder. ESPALIER_DEVICE and
 * ESPALIER_LEASE_SECONDS have the same meaning as in the product.
 */
const [url = "", homeFolder = ""] = process.argv.slice(2);
const { device, leaseSeconds } = parseConfig(process.env).worker;
const database = await Database.open(url, testLog);
const models = new ModelStore(database);
const runs = new TrainedRunStore(database);
// Reading a version needs no engine, and this process registers none.
const host = {} as EngineHost;
const registry = new ModelRegistry({ models, runs, host, homeFolder, log: testLog });
await startTrainer(database, homeFolder, {
  prunedNetworks: new PrunedNetworks({ models, registry }),
  device,
  ...(process.env.ESPALIER_LEASE_SECONDS === undefined ? {} : { leaseSeconds }),
});
// The process ends with its parent, also when the parent could not kill it.
process.once("disconnect", () => process.exit());
