/** Characters of a path or a query that are kept. */
const MAX_TEXT_CHARS = 1024;
const MAX_HOST_CHARS = 255;

/** What a request's target tells, without what may be secret in it. */
export interface Target {
  readonly path?: string;
  readonly query?: string;
  readonly host?: string;
  readonly scheme?: "http" | "https";
}

/**
 * Takes apart a target as it was sent: `/path?query`, `http://host/path`, `*`. User, password and fragment are left
 * out, and the query unless it is to be kept.
 */
export function splitTarget(target: string, keepQuery: boolean): Target {
  if (target === "*") return { path: "*" };
  const absolute = absoluteEnd(target);
  if (absolute === 0) return pathAndQuery(target, keepQuery);
  const rest = target.slice(absolute);
  const authorityEnd = rest.search(/[/?#]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const after = authorityEnd < 0 ? "" : rest.slice(authorityEnd);
  const host = hostText(authority);
  const scheme = target.slice(0, absolute - 3).toLowerCase();
  return {
    ...pathAndQuery(after.startsWith("/") ? after : `/${after}`, keepQuery),
    ...(host === undefined ? {} : { host }),
    ...(scheme === "http" || scheme === "https" ? { scheme } : {}),
  };
}

/** A host, with its port if there is one, out of Host, `:authority` or a URL. Absent if it cannot be one. */
export function hostText(authority: string): string | undefined {
  if (authority !== lastAuthority) {
    lastAuthority = authority;
    const host = authority.slice(authority.lastIndexOf("@") + 1);
    lastHost = host.length <= MAX_HOST_CHARS && /^[\w.~!$&'()*+,;=%:[\]-]+$/.test(host) ? host : undefined;
  }
  return lastHost;
}

/** Most requests that come one after the other are for the same. */
let lastAuthority = "";
let lastHost: string | undefined;

function pathAndQuery(text: string, keepQuery: boolean): Target {
  const fragmentStart = text.indexOf("#");
  const whole = fragmentStart < 0 ? text : text.slice(0, fragmentStart);
  const queryStart = whole.indexOf("?");
  if (queryStart < 0) return { path: bounded(whole) };
  const path = bounded(whole.slice(0, queryStart));
  return keepQuery ? { path, query: bounded(whole.slice(queryStart + 1)) } : { path };
}

/** Where the authority of `scheme://authority` begins; 0 for another form. */
function absoluteEnd(target: string): number {
  if (target.startsWith("/")) return 0;
  return /^[a-z][a-z0-9+.-]{0,31}:\/\//i.exec(target)?.[0].length ?? 0;
}

/** A copy, where something was cut off: a slice would keep the whole text in memory. */
function bounded(text: string): string {
  return text.length > MAX_TEXT_CHARS ? Buffer.from(text.slice(0, MAX_TEXT_CHARS)).toString() : text;
}
