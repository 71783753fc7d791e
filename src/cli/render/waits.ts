import type { CloudWaits } from "../../up/cloud-ready.ts";

/** What a Plan waits for, and the command that goes on. */
export function waitsLines({ plan, phase, message }: CloudWaits): string[] {
  const prefix = `Plan ${plan}: `;
  const why = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  const next = phase === "Paused" ? `underpin resume ${plan}` : `underpin approve ${plan}`;
  return [
    `  plan     ${plan} ${phase === "Paused" ? "is paused" : "waits"}${why === "" ? "" : `: ${why}`}`,
    `  next     ${next}`,
  ];
}
