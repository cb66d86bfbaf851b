import { Database } from "../../../src/db/database.js";
import { testLog } from "../../testkit/database.js";
import { startTrainer } from "./training-world.js";

/** A process that trains until it is killed. Arguments: URL of the database, home folder. */
const [url = "", homeFolder = ""] = process.argv.slice(2);
await startTrainer(await Database.open(url, testLog), homeFolder);
// The parent's end is this one's end, also when the parent could not kill it.
process.once("disconnect", () => process.exit());
