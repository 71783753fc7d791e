// The witness' process in the cluster: node main.ts --config FILE
import { parseArgs } from "node:util";

import pino from "pino";

import { readConfig } from "./config.ts";
import { startWitness } from "./witness.ts";

const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });

try {
  const { values } = parseArgs({
    options: {
      config: { type: "string", default: "/etc/witness/witness.json" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write("main.ts [--config FILE]\nRuns the witness.\n");
    process.exit(0);
  }
  const witness = await startWitness(await readConfig(values.config), (level, message) => log[level](message));
  const end = (): void => {
    witness.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(String(error));
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
} catch (error) {
  log.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
