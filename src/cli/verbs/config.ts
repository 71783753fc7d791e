import { buildRouteMap } from "@stricli/core";
import { command as importConfig } from "./config-import.ts";
import { command as show } from "./config-show.ts";

export const command = buildRouteMap({
  routes: { show, import: importConfig },
  docs: { brief: "Configuration of the services: shown, compared between releases, imported" },
});
