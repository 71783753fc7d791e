import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The folders that Underpin writes to on this machine. */
export interface Paths {
  /** Everything here can be rebuilt; it holds nothing of any cloud. */
  readonly cache: string;
  /** What must last: the cluster, its volumes. */
  readonly state: string;
  /** Seconds that each part took last time; in the cache, so that it outlives every cloud. */
  readonly timings: string;
  /** Who changes things right now. */
  readonly lock: string;
  /** Administrator's kubeconfig of the cluster on this machine. */
  readonly kubeconfig: string;
}

/** Folders by UNDERPIN_CACHE, XDG_CACHE_HOME and UNDERPIN_STATE, else `~/.cache/underpin` and `/var/lib/underpin`. */
export function pathsFrom(env: Environment, home: string = homedir()): Paths {
  const state = given(env["UNDERPIN_STATE"]) ?? "/var/lib/underpin";
  const cache = cacheFolder(env, home);
  return {
    cache,
    state,
    timings: join(cache, "timings.json"),
    lock: join(state, "lock.json"),
    kubeconfig: join(state, "underlay", "kubeconfig"),
  };
}

function cacheFolder(env: Environment, home: string): string {
  const own = given(env["UNDERPIN_CACHE"]);
  if (own !== undefined) return own;
  const xdg = env["XDG_CACHE_HOME"];
  // The XDG specification: a path that is not absolute is to be ignored.
  return xdg !== undefined && isAbsolute(xdg) ? join(xdg, "underpin") : join(home, ".cache", "underpin");
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : resolve(value);
}
