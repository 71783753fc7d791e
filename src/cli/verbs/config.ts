import { buildRouteMap } from "@stricli/core";
import { command as show } from "./config-show.ts";

export const command = buildRouteMap({
  routes: { show },
  docs: { brief: "Configuration of the services: shown, compared between releases, imported" },
});
