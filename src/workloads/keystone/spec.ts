import type { z } from "zod";

/** Fields of keystone beyond those of every service: none. */
export const fields = {} satisfies z.ZodRawShape;

/** Every other API asks it who somebody is. */
export const required = true;
