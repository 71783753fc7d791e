// Writes package-lock.json anew so that `npm ci` accepts it: `npm run lock`. A registry may lack some platforms' builds of a
// tool; npm then leaves them out of the lock file but still lists them as wanted, and `npm ci` refuses its own file.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface LockedPackage {
  optionalDependencies?: Record<string, string>;
}

const root = fileURLToPath(new URL("../", import.meta.url));
const file = `${root}package-lock.json`;

execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: root, stdio: "inherit" });
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, LockedPackage> };
for (const locked of Object.values(lock.packages)) {
  const kept = Object.entries(locked.optionalDependencies ?? {}).filter(([name]) => `node_modules/${name}` in lock.packages);
  if (kept.length > 0) locked.optionalDependencies = Object.fromEntries(kept);
  else delete locked.optionalDependencies;
}
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
