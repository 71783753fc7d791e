import type { Recipe } from "./recipe.ts";

/** Debian release of every image. */
export const DEBIAN_SUITE = "trixie";

/** What installs the Python environments: its wheel for this architecture, by hash. */
const UV = "uv==0.13.9 --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19";

/** What no layer holds, relative to the root: state of the build, and text for people. */
export const EXCLUDED = [
  "proc",
  "sys",
  "dev",
  "run",
  "tmp",
  "var/cache",
  "var/log",
  "var/tmp",
  "var/lib/apt/lists",
  "usr/share/man",
  "usr/share/locale",
  "usr/share/info",
  "usr/share/lintian",
  "usr/sbin/policy-rc.d",
  "etc/resolv.conf",
  "etc/hostname",
  "etc/machine-id",
] as const;

/** Folders of EXCLUDED that an image must have all the same, empty. */
export const KEPT_EMPTY = ["proc", "sys", "dev", "run", "tmp", "var/cache", "var/log", "var/tmp"] as const;

/** Of the environment of whoever builds, only what says how registries are reached. */
const PASSED = [
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "PIP_INDEX_URL",
  "UV_DEFAULT_INDEX",
  "UV_INDEX_URL",
] as const;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The shell script that builds the recipe's tree, run as PID 1 of its own mount and PID namespaces, in a work folder
 * with: `stage/` (files and copies), `apt.conf`, `sources.list`, `lists/`, `debs/`, `uv/`, `ca.crt`, and for a recipe
 * with a venv `lock.txt` and `build-constraints.txt`; $LOWER names the parents' trees. It leaves `upper/`, `paths`
 * (everything in the tree, NUL separated), `dpkg-status`, `python-metadata` and, for a directory, `out/`. Pure.
 */
export function buildScript(recipe: Recipe): string {
  const phases = [
    PRELUDE,
    recipe.from === null ? BASE : "",
    recipe.venv === undefined ? "" : venvPhase(recipe.venv),
    recipe.from === null ? "mount --bind upper merged" : "overlay merged upper",
    "furnish merged",
    inside("merged", usersPhase(recipe)),
    recipe.packages.length === 0 ? "" : inside("merged", install(recipe.packages)),
    recipe.purged.length === 0 ? "" : inside("merged", purge(recipe.purged)),
    stagePhase(recipe),
    inside("merged", recipe.commands.join("\n")),
    recipe.removals.length === 0 ? "" : inside("merged", `rm -rf -- ${recipe.removals.join(" ")}`),
    recipe.packages.includes("python3") ? inside("merged", COMPILE) : "",
    harvest(recipe),
  ];
  return phases.filter((phase) => phase !== "").join("\n\n") + "\n";
}

const ENVIRONMENT = [
  `PATH=${PATH}`,
  "HOME=/root",
  "LANG=C.UTF-8",
  "DEBIAN_FRONTEND=noninteractive",
  "APT_CONFIG=/run/underpin/apt.conf",
  "SSL_CERT_FILE=/run/underpin/ca.crt",
  "PIP_CERT=/run/underpin/ca.crt",
  "PIP_DISABLE_PIP_VERSION_CHECK=1",
  "PYTHONDONTWRITEBYTECODE=1",
].join(" ");

const PRELUDE = `umask 022
mkdir -p merged upper
inside() { # runs standard input as a script in the tree $1
  script=$(cat)
  chroot "$1" /usr/bin/env -i ${ENVIRONMENT} ${PASSED.map((name) => `\${${name}+"${name}=$${name}"}`).join(" ")} /bin/sh -euc "$script" </dev/null
}
overlay() { # mounts at $1 the parents' trees with the writable tree $2
  mkdir -p "$1" "$2" "$1.work"
  # volatile (from Linux 5.10): no fsync; a half-made tree is thrown away anyway.
  mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$2,workdir=$1.work,volatile" "$1" ||
    mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$2,workdir=$1.work" "$1"
}
furnish() { # what programs need in the tree $1 while it is built
  mkdir -p "$1/proc" "$1/dev" "$1/tmp" "$1/run" "$1/var/cache/apt/archives" "$1/var/lib/apt/lists"
  mount -t proc proc "$1/proc"
  mount -t tmpfs -o mode=755 tmpfs "$1/dev"
  for node in null zero full random urandom tty; do touch "$1/dev/$node"; mount --bind "/dev/$node" "$1/dev/$node"; done
  ln -s /proc/self/fd "$1/dev/fd"; ln -s fd/0 "$1/dev/stdin"; ln -s fd/1 "$1/dev/stdout"; ln -s fd/2 "$1/dev/stderr"
  mkdir -m 1777 "$1/dev/shm"
  mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
  mount -t tmpfs -o mode=755 tmpfs "$1/run"
  mkdir "$1/run/underpin" "$1/run/underpin/uv"
  cp apt.conf ca.crt "$1/run/underpin/"
  mount --bind uv "$1/run/underpin/uv"
  mount --bind debs "$1/var/cache/apt/archives"
  mount --bind lists "$1/var/lib/apt/lists"
  printf '#!/bin/sh\\nexit 101\\n' > "$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"
  rm -f "$1/etc/resolv.conf"; cat /etc/resolv.conf > "$1/etc/resolv.conf"
}`;

const BASE = `APT_CONFIG=$PWD/apt.conf mmdebstrap --quiet --mode=root --variant=minbase --format=directory \\
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \\
  --dpkgopt='path-exclude=/usr/share/lintian/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \\
  --dpkgopt=force-unsafe-io ${DEBIAN_SUITE} upper sources.list
chmod 755 upper`;

function inside(tree: string, script: string): string {
  return script === "" ? "" : `inside ${tree} <<'UNDERPIN_END'\n${script}\nUNDERPIN_END`;
}

function install(packages: readonly string[]): string {
  return `apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 ${packages.toSorted().join(" ")}`;
}

/**
 * Debian compiles its modules by their times, which are changed in the layer: each process would compile some two hundred
 * of them anew, with nowhere to write the result.
 */
const COMPILE = "python3 -W ignore -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /usr/lib/python3*";

/** Without their own scripts, which call each other while they go. */
function purge(patterns: readonly string[]): string {
  return `names=$(dpkg-query -W -f '\${Package}\\n' | grep -Ex '${patterns.join("|")}')
for name in $names; do rm -f /var/lib/dpkg/info/$name.prerm /var/lib/dpkg/info/$name.postrm /var/lib/dpkg/info/$name:*.prerm /var/lib/dpkg/info/$name:*.postrm; done
dpkg --purge --force-depends $names`;
}

/** Straight into the files: a home is not made, no password is set, and nothing depends on the clock. */
function usersPhase(recipe: Recipe): string {
  return recipe.users
    .map(({ name, id, home }) =>
      [
        `echo '${name}:x:${id}:${id}::${home}:/usr/sbin/nologin' >> /etc/passwd`,
        `echo '${name}:x:${id}:' >> /etc/group`,
        `echo '${name}:!:::::::' >> /etc/shadow`,
      ].join("\n"),
    )
    .join("\n");
}

/** Built over the parent's tree in an overlay of its own, so that compilers never reach the image. */
function venvPhase(venv: NonNullable<Recipe["venv"]>): string {
  const build = `${install([...venv.buildPackages, "python3", "python3-pip"])}
echo '${UV}' > /tmp/uv.txt
pip install -q --break-system-packages --root-user-action=ignore --no-deps --require-hashes -r /tmp/uv.txt
export UV_CACHE_DIR=/run/underpin/uv UV_LINK_MODE=copy UV_NO_PROGRESS=1
uv venv -q --python /usr/bin/python3 ${venv.path}
VIRTUAL_ENV=${venv.path} uv pip install -q --no-deps --require-hashes -r /run/underpin/lock.txt -b /run/underpin/build-constraints.txt
cd ${venv.path}/lib/python3*/site-packages
find . -depth -type d \\( -name tests -o -name locale \\) -exec rm -rf {} +
rm -rf -- */doc ../../../.lock ../../../.gitignore
find . -name '*.pyx' -delete -o -name '*.c' -delete -o -name '*.h' -delete
# Unchecked, since times are changed in the layer. A module that does not compile (some templates) is as good as before.
python3 -W ignore -m compileall -q -j 0 --invalidation-mode unchecked-hash "$PWD" || true`;
  return `overlay venv venv.upper
furnish venv
cp lock.txt build-constraints.txt venv/run/underpin/
${inside("venv", build)}
umount -R -l venv # lazily: Python's fork server may take a moment to notice that its parent is gone
mkdir -p "$(dirname upper${venv.path})"
mv venv.upper${venv.path} upper${venv.path}`;
}

function stagePhase(recipe: Recipe): string {
  const modes = recipe.files.map(({ path, mode }) => `chmod ${mode} merged${path}`);
  return [
    'if [ -n "$(ls -A stage)" ]; then chmod -R u+rwX,go+rX,go-w stage; cp -a --no-preserve=ownership stage/. merged/; fi',
    ...modes,
  ].join("\n");
}

function harvest(recipe: Recipe): string {
  const prune = EXCLUDED.map((path) => `-path ./${path}`).join(" -o ");
  const lines = [
    "cp merged/var/lib/dpkg/status dpkg-status",
    `(find merged/opt merged/usr/lib/python3 merged/usr/local -path '*.dist-info/METADATA' -exec sed -n -e '/^\\(Name\\|Version\\|License\\|License-Expression\\): /p' -e '/^$/{p;q}' {} \\; 2>/dev/null || true) > python-metadata`,
    `(cd merged && find . -mindepth 1 \\( ${prune} \\) -prune -o -printf '%P\\0') > paths`,
    "find upper -type c -printf '%P\\n' > devices",
  ];
  if (recipe.output === "directory") {
    const exclude = EXCLUDED.map((path) => `--exclude=./${path}${KEPT_EMPTY.includes(path as never) ? "/*" : ""}`).join(
      " ",
    );
    lines.push(`mkdir out\ntar -C merged${recipe.outputPath} --anchored ${exclude} -cf - . | tar -C out -xpf -`);
  }
  return lines.join("\n");
}

/** Updates the shared package lists in a tree of the base. Pure. */
export function updateScript(): string {
  return [PRELUDE, "overlay merged upper", "furnish merged", inside("merged", "apt-get update -q"), ""].join("\n\n");
}
