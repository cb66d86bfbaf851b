import { parseConfig } from "../../../src/core/config.js";
import { Database } from "../../../src/db/database.js";
import { testLog } from "../../testkit/postgres/database.js";
import { startTrainer } from "./training-world.js";

/**
 * A process that trains until it is killed. Arguments: URL of the database, home folder. ESPALIER_DEVICE and
 * ESPALIER_LEASE_SECONDS have the same meaning as in the product.
 */
const [url = "", homeFolder = ""] = process.argv.slice(2);
const { device, leaseSeconds } = parseConfig(process.env).worker;
await startTrainer(await Database.open(url, testLog), homeFolder, {
  device,
  ...(process.env.ESPALIER_LEASE_SECONDS === undefined ? {} : { leaseSeconds }),
});
// The process ends with its parent, also when the parent could not kill it.
process.once("disconnect", () => process.exit());
