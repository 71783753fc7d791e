import type { z } from "zod";

/** Fields of keystone beyond those of every service: none. */
export const fields = {} satisfies z.ZodRawShape;
