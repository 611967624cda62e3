import { cutMiddle, printable } from "../output/text.ts";

/** `nginx (4242)`, fit for a terminal. */
export function formatProcess({ name, pid }: { readonly name: string; readonly pid: number }): string {
  return `${printable(name)} (${pid})`;
}

/** What {@link formatProcess} gave, with the name cut but the pid left whole. */
export function cutProcess(text: string, columns: number): string {
  const pidStart = text.lastIndexOf(" (");
  if (pidStart < 0) return cutMiddle(text, columns);
  const pid = text.slice(pidStart);
  return cutMiddle(text.slice(0, pidStart), columns - pid.length) + pid;
}
