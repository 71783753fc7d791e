import type { z } from "zod";

/** Fields of neutron beyond those of every service: none. */
export const fields = {} satisfies z.ZodRawShape;

/** Services that it cannot work without. */
export const needs = ["keystone"];
