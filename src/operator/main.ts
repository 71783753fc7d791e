import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { loadInClusterConfig, loadKubeconfig } from "../kube/config.ts";
import { createClient } from "../kube/http-client.ts";
import { terminationSignal } from "../runtime/manager.ts";
import { Metrics } from "../runtime/metrics.ts";
import { runOperator } from "./run.ts";

// The process that runs in the cluster; `underpin operator run` starts the same outside of it.
const { values } = parseArgs({
  options: {
    images: { type: "string" },
    image: { type: "string", default: "" },
    kubeconfig: { type: "string" },
    "cluster-domain": { type: "string", default: "cluster.local" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(
    "main.ts --images FILE [--image REFERENCE] [--kubeconfig FILE] [--cluster-domain NAME]\n" +
      "Runs the operator: in its pod, or with a kubeconfig anywhere.\n",
  );
  process.exit(0);
}
const logger = pino({ level: "info", base: null });
const metrics = new Metrics();
const inCluster = values.kubeconfig === undefined;
const config = values.kubeconfig === undefined ? await loadInClusterConfig() : await loadKubeconfig(values.kubeconfig);
const client = createClient(config, { onCall: metrics.onCall });
if (values.images === undefined) throw new Error("--images FILE is missing: the list of image references");
const reason = await runOperator({
  client,
  metrics,
  imagesFile: values.images,
  operatorImage: values.image,
  identity: `${process.env["POD_NAME"] ?? hostname()}-${process.pid}`,
  clusterDomain: values["cluster-domain"],
  inCluster,
  log: (level, fields) => logger[level](fields),
  signal: terminationSignal(),
});
await client.close();
logger.info({ message: "stopped", reason });
// After a lost lease another process leads: this one must be gone at once.
process.exit(reason.type === "lost-lease" ? 1 : 0);
