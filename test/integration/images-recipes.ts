import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import type { ImageOptions } from "../../src/images/index.ts";
import { type Recipe, recipeSchema } from "../../src/images/recipe.ts";

/** The product's base and small made-up images over it. */
export function madeUpRecipes(): ReadonlyMap<string, Recipe> {
  const recipes = [
    { name: "debian", from: null, env: { LANG: "C.UTF-8" } },
    {
      name: "small",
      packages: ["tini"],
      users: [{ name: "someone", id: 4711 }],
      files: [{ path: "/etc/small/greeting", content: "hello\n", mode: "0640" }],
      commands: ["chown 4711 /etc/small/greeting", "ln -s greeting '/etc/small/odd name [1]'"],
      removals: ["/etc/issue", "/usr/share/zoneinfo"],
      env: { GREETING: "hello" },
      entrypoint: ["/usr/bin/tini", "--"],
    },
    { name: "slow", commands: ["sleep 4711"] },
    { name: "huge", commands: ["head -c 700M /dev/zero > /usr/huge"] },
    { name: "broken", commands: ["echo this goes wrong >&2; exit 3"] },
    { name: "folder", output: "directory", outputPath: "/out", commands: ["mkdir /out && echo content > /out/file"] },
  ].map((recipe) => recipeSchema.parse(recipe));
  return new Map(recipes.map((recipe) => [recipe.name, recipe]));
}

export function options(cacheDir: string, storeFolder: string): ImageOptions {
  return { cacheDir, store: new ContentStore(storeFolder), exec, report: () => undefined, recipes: madeUpRecipes() };
}
