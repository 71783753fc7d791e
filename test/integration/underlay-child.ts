// Runs `ensureUnderlay` in a process of its own, so that the test can kill it at any moment.
import { ensureUnderlay } from "../../src/underlay/index.ts";
import { prepared } from "./underlay-setup.ts";

const options = await prepared(process.argv[2] ?? "");
process.stdout.write("begin\n");
await ensureUnderlay(options);
process.stdout.write("end\n");
