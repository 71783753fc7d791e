import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { type Recipe, RecipeError, recipeSchema } from "./recipe.ts";

const SRC = join(import.meta.dirname, "..");

/**
 * All recipes by name, parents before children: the export `image` of each `workloads/<folder>/image.ts` and
 * `images/recipes/<name>.ts`. Adding a service is adding a folder.
 */
export async function loadRecipes(src: string = SRC): Promise<ReadonlyMap<string, Recipe>> {
  const recipes = new Map<string, Recipe>();
  for (const file of await recipeFiles(src)) {
    const recipe = await loadRecipe(file);
    if (recipes.has(recipe.name))
      throw new RecipeError(`${file}: an image ${recipe.name} exists already; choose another name`);
    recipes.set(recipe.name, recipe);
  }
  return parentsFirst(recipes);
}

async function recipeFiles(src: string): Promise<string[]> {
  const own = await readdir(join(src, "images", "recipes")).catch(missingIsEmpty);
  const folders = await readdir(join(src, "workloads"), { withFileTypes: true }).catch(missingIsEmpty);
  const files = own.filter((name) => name.endsWith(".ts")).map((name) => join(src, "images", "recipes", name));
  for (const folder of folders.filter((entry) => typeof entry !== "string" && entry.isDirectory())) {
    const path = join(src, "workloads", typeof folder === "string" ? folder : folder.name);
    if ((await readdir(path)).includes("image.ts")) files.push(join(path, "image.ts"));
  }
  return files.sort();
}

function missingIsEmpty(error: unknown): never[] {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw error;
}

async function loadRecipe(file: string): Promise<Recipe> {
  const module = (await import(pathToFileURL(file).href)) as { image?: unknown };
  const parsed = recipeSchema.safeParse(module.image);
  if (parsed.success) return parsed.data;
  throw new RecipeError(`${file}: the export \`image\` is not a recipe: ${z.prettifyError(parsed.error)}`);
}

function parentsFirst(recipes: ReadonlyMap<string, Recipe>): ReadonlyMap<string, Recipe> {
  const sorted = new Map<string, Recipe>();
  const visit = (name: string, below: readonly string[]): void => {
    if (sorted.has(name)) return;
    const recipe = recipes.get(name);
    if (recipe === undefined) throw new RecipeError(`image ${below.at(-1)} is made from ${name}, which has no recipe`);
    if (below.includes(name))
      throw new RecipeError(`images are made from each other: ${[...below, name].join(" from ")}`);
    if (recipe.from !== null) visit(recipe.from, [...below, name]);
    sorted.set(name, recipe);
  };
  for (const name of [...recipes.keys()].sort()) visit(name, []);
  return sorted;
}
