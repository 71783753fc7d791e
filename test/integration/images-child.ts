// Builds one image in a process of its own, to be killed: arguments are the cache folder, the store and the image.
import { ensureImages } from "../../src/images/index.ts";
import { options } from "./images-recipes.ts";

const [cacheDir = "", store = "", name = ""] = process.argv.slice(2);
await ensureImages({ ...options(cacheDir, store), names: [name] });
