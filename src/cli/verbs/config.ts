import { buildRouteMap } from "@stricli/core";
import { command as diff } from "./config-diff.ts";
import { command as importConfig } from "./config-import.ts";
import { command as show } from "./config-show.ts";

export const command = buildRouteMap({
  routes: { show, diff, import: importConfig },
  docs: { brief: "Configuration of the services: shown, compared between releases, imported" },
});
