import { KubeError } from "../kube/errors.ts";
import { CliError } from "./errors.ts";

/** What an API server refused, in plain words with what to do; any other error as it is. */
export function refusedWrite(
  error: unknown,
  { what, next }: { readonly what: string; readonly next: string },
): unknown {
  if (!(error instanceof KubeError)) return error;
  const reason = error.message.startsWith(`${error.request}: `)
    ? error.message.slice(error.request.length + 2)
    : error.message;
  if (error.status === 500 && reason.includes("failed calling webhook"))
    return new CliError(`The operator, which is asked first, does not answer: ${reason}`, "See why: underpin status", {
      cause: error.cause,
    });
  const denied = /admission webhook "[^"]*" denied the request: ([^]*)$/.exec(reason)?.[1];
  if (error.status !== 403 && error.status !== 422 && denied === undefined) return error;
  const forbidden = error.status === 403 ? next : "Correct what it names, then run the command again.";
  return new CliError(`The API server refuses to ${what}: ${denied ?? reason}`, forbidden);
}
