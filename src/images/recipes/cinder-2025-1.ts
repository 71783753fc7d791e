import { cinderService } from "../environment.ts";

export const image = cinderService("2025.1");
