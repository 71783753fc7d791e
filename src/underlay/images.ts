import { readFile, readlink, lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { contentHash } from "../content/canonical.ts";
import { fileHash, type ContentStore } from "../host/store.ts";
import type { Exec } from "../host/exec.ts";
import type { Binaries } from "./binaries.ts";
import { fileEntry, writeImage, type ImageConfig, type LayerEntry } from "./oci.ts";
import { IMAGE_REGISTRY, IMAGE_TAGS, VERSIONS } from "./versions.ts";

/** An image as one file, ready for import. */
export interface ImageFile {
  /** Path of the tar. */
  readonly file: string;
  readonly names: readonly string[];
}

interface Recipe {
  readonly name: string;
  readonly names: readonly string[];
  /** Programs of the binaries' folder, by path in the image. */
  readonly programs: Readonly<Record<string, string>>;
  /** Programs of the node's root file system, taken with the libraries that they need. */
  readonly tools?: readonly string[];
  readonly folders?: readonly string[];
  readonly config?: ImageConfig;
}

const REGISTRY = IMAGE_REGISTRY;
const KUBERNETES = VERSIONS.kubernetes;

/** The image whose shell makes and removes the folders of volumes. */
export const VOLUME_HELPER_IMAGE = `${REGISTRY}/volume-helper:${VERSIONS.localPathProvisioner}`;
export const COREDNS_IMAGE = `${REGISTRY}/coredns:${IMAGE_TAGS.coredns}`;
export const LOCAL_PATH_IMAGE = `${REGISTRY}/local-path-provisioner:${VERSIONS.localPathProvisioner}`;

const BIN = "usr/local/bin";
const RECIPES: readonly Recipe[] = [
  {
    // Three names of one image: the programs share most of their pages, and one layer is imported once.
    name: "control-plane",
    names: ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(
      (name) => `${REGISTRY}/${name}:${KUBERNETES}`,
    ),
    programs: {
      [`${BIN}/kube-apiserver`]: "kube-apiserver",
      [`${BIN}/kube-controller-manager`]: "kube-controller-manager",
      [`${BIN}/kube-scheduler`]: "kube-scheduler",
    },
  },
  {
    name: "kube-proxy",
    names: [`${REGISTRY}/kube-proxy:${KUBERNETES}`],
    programs: { [`${BIN}/kube-proxy`]: "kube-proxy" },
    tools: ["usr/sbin/nft"],
    folders: ["etc", "run", "tmp"],
  },
  {
    name: "etcd",
    names: [`${REGISTRY}/etcd:${IMAGE_TAGS.etcd}`],
    programs: { [`${BIN}/etcd`]: "etcd", [`${BIN}/etcdctl`]: "etcdctl" },
  },
  {
    name: "coredns",
    names: [COREDNS_IMAGE],
    programs: { coredns: "coredns" },
    config: { entrypoint: ["/coredns"] },
  },
  {
    name: "pause",
    names: [`${REGISTRY}/pause:${IMAGE_TAGS.pause}`],
    programs: { pause: "pause" },
    config: { entrypoint: ["/pause"], user: "65535:65535" },
  },
  {
    name: "local-path-provisioner",
    names: [LOCAL_PATH_IMAGE],
    programs: { [`${BIN}/local-path-provisioner`]: "local-path-provisioner" },
    folders: ["tmp"],
    config: { entrypoint: [`/${BIN}/local-path-provisioner`] },
  },
  {
    name: "volume-helper",
    names: [VOLUME_HELPER_IMAGE],
    programs: {},
    tools: ["usr/bin/sh", "usr/bin/mkdir", "usr/bin/rm", "usr/bin/chmod"],
    folders: ["tmp"],
  },
];

export interface ImageSources {
  readonly store: ContentStore;
  readonly binaries: Binaries;
  readonly nodeRootfs: string;
  readonly exec: Exec;
}

/** Makes the images of the control plane and the add-ons, each an entry of the store; unchanged ones are no work. */
export async function ensureControlPlaneImages(sources: ImageSources): Promise<ImageFile[]> {
  return Promise.all(RECIPES.map((recipe) => ensureImage(sources, recipe)));
}

async function ensureImage(sources: ImageSources, recipe: Recipe): Promise<ImageFile> {
  const layer = await layerOf(sources, recipe);
  const inputs = await Promise.all(
    layer.map(async (entry) => (entry.type === "file" ? { ...entry, source: await hashOf(entry.source) } : entry)),
  );
  const key = { kind: "underlay-images", name: recipe.name, hash: contentHash({ recipe, inputs }) };
  const folder = await sources.store.ensure(key, async (work) => {
    await writeImage(join(work, "image.tar"), layer, recipe.names, recipe.config);
  });
  return { file: join(folder, "image.tar"), names: recipe.names };
}

/** Binaries are entries of the store: their record holds the hash already. */
async function hashOf(path: string): Promise<string> {
  const text = await readFile(join(dirname(path), ".entry.json"), "utf8").catch(() => undefined);
  const files =
    text === undefined ? undefined : (JSON.parse(text) as { files: Record<string, { sha256: string }> }).files;
  return files?.[path.slice(dirname(path).length + 1)]?.sha256 ?? fileHash(path);
}

async function layerOf(sources: ImageSources, recipe: Recipe): Promise<LayerEntry[]> {
  const programs = await Promise.all(
    Object.entries(recipe.programs).map(([path, name]) => fileEntry(path, join(sources.binaries.bin, name))),
  );
  const folders = (recipe.folders ?? []).map((path): LayerEntry => ({
    path,
    type: "folder",
    mode: path === "tmp" ? 0o1777 : 0o755,
  }));
  const tools = (recipe.tools ?? []).length === 0 ? [] : await toolEntries(sources, recipe.tools ?? []);
  return [...programs, ...folders, ...tools];
}

/** Programs of the root file system with their libraries, real files under /usr, and the links that make /bin and /lib the same. */
async function toolEntries(sources: ImageSources, tools: readonly string[]): Promise<LayerEntry[]> {
  const root = sources.nodeRootfs;
  const { stdout } = await sources.exec("chroot", [root, "ldd", ...tools.map((tool) => `/${tool}`)]);
  const libraries = new Set([...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? ""));
  const entries: LayerEntry[] = [];
  for (const path of [...tools, ...[...libraries].map((library) => library.slice(1))]) {
    const place = path.replace(/^(bin|sbin|lib|lib64)\//, "usr/$1/");
    entries.push(await fileEntry(place, await resolveIn(root, place)));
  }
  for (const name of ["bin", "sbin", "lib", "lib64"]) entries.push({ path: name, type: "link", target: `usr/${name}` });
  return entries;
}

/** Follows the last component's symbolic links inside another root file system. */
async function resolveIn(root: string, path: string): Promise<string> {
  const full = join(root, path);
  if (!(await lstat(full)).isSymbolicLink()) return full;
  const target = await readlink(full);
  return resolveIn(root, target.startsWith("/") ? target.slice(1) : join(dirname(path), target));
}
