// images: makes the container images, the node's root file system and the guest from recipes that are data.
import { z } from "zod";
import { contentHash } from "../content/canonical.ts";
import { buildScript } from "./script.ts";

const absolute = z.string().regex(/^\/[A-Za-z0-9._/+@-]*$/, "an absolute path of plain characters");
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "a Debian package name");

const copySchema = z.discriminatedUnion("kind", [
  /** A file or folder of the project, relative to its root. */
  z.strictObject({
    kind: z.literal("project"),
    from: z.string(),
    to: absolute,
    exclude: z.array(z.string()).default([]),
  }),
  /** The Node.js binary that runs this program. */
  z.strictObject({ kind: z.literal("node"), to: absolute }),
  /** The production dependencies of the project, by its lock file. */
  z.strictObject({ kind: z.literal("node-modules"), to: absolute }),
]);

/** A recipe as an `image.ts` exports it: plain data, checked here when it is loaded. */
export const recipeSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** The recipe whose layers come first; null only for the base. */
  from: z.string().nullable().default("debian"),
  /** `image`: an OCI archive. `directory`: the folder `outputPath` of the finished tree. */
  output: z.enum(["image", "directory"]).default("image"),
  outputPath: absolute.default("/"),
  /** Debian packages, installed without recommended ones. */
  packages: z.array(packageName).default([]),
  /** Extended regular expressions of packages that dependencies bring and nothing runs: removed against dpkg's will. */
  purged: z.array(z.string()).default([]),
  /** Made before any package, so that their numbers are the same in every image and release. */
  users: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_-]*$/),
        id: z.int().min(1),
        home: absolute.default("/nonexistent"),
      }),
    )
    .default([]),
  /** A Python environment of a release's hash-locked distributions; the build packages do not reach the image. */
  venv: z
    .strictObject({
      release: z.string(),
      /** File of the release that locks the distributions; `lock.txt` when it is not said. */
      lock: z.string().optional(),
      path: absolute,
      buildPackages: z.array(packageName),
    })
    .optional(),
  /** Made only when it is asked for by name: no cloud runs it. */
  onDemand: z.literal(true).optional(),
  files: z
    .array(
      z.strictObject({
        path: absolute,
        content: z.string(),
        mode: z
          .string()
          .regex(/^0[0-7]{3}$/)
          .default("0644"),
      }),
    )
    .default([]),
  copies: z.array(copySchema).default([]),
  /** Shell lines run in the image after packages, files and copies. `apt-get` needs `$APT_CONFIG`, which is set. */
  commands: z.array(z.string()).default([]),
  /** Shell patterns of what is removed last. */
  removals: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  /** Numeric user, as Kubernetes wants it to check runAsNonRoot. */
  user: z.string().default(""),
  entrypoint: z.array(z.string()).default([]),
  workingDir: z.string().default("/"),
});

export type Recipe = z.output<typeof recipeSchema>;
export type Copy = Recipe["copies"][number];

/** Files of a release that a recipe's Python environment is made from, by the names under which the build finds them. */
export function lockFiles(venv: NonNullable<Recipe["venv"]>): Readonly<Record<string, string>> {
  return { "lock.txt": venv.lock ?? "lock.txt", "build-constraints.txt": "build-constraints.txt" };
}

/** What a recipe includes from outside of itself. */
export interface RecipeInputs {
  /** Hash of the parent image; absent for the base. */
  readonly parent?: string;
  /** Hash of each thing that is copied in, by a stable name. */
  readonly contents: Readonly<Record<string, string>>;
}

/** Hex hash of everything that decides an image's content: its recipe, what it includes, how it is built. Pure. */
export function imageHash(recipe: Recipe, inputs: RecipeInputs): string {
  return contentHash({ recipe, inputs, script: buildScript(recipe) });
}

/** `underpin.local/<name>:<first 16 digits of the hash>`. Pure. */
export function imageReference(recipe: Recipe, inputs: RecipeInputs): string {
  return `underpin.local/${recipe.name}:${imageHash(recipe, inputs).slice(0, 16)}`;
}

/** A recipe that is missing, wrong, or refers to what is not there. */
export class RecipeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RecipeError";
  }
}
