import { cinderService } from "../environment.ts";

export const image = cinderService("2026.1");
