/** The token is not that of this server: it was started again, or this browser never had it. */
export class NotAllowedError extends Error {
  override readonly name: string = "NotAllowedError";
}

/** Asks the API. */
export async function ask<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(path, { credentials: "same-origin", ...(signal !== undefined && { signal }) });
  if (response.status === 401) throw new NotAllowedError((await response.text()).trim());
  if (!response.ok) throw new Error((await response.text()).trim() || `${path} failed: ${response.status}`);
  return (await response.json()) as Answer;
}

/** `/api/files?from=1&to=2`; parameters without a value are left out. */
export function apiPath(name: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`],
  );
  return `/api/${name}${given.length === 0 ? "" : `?${given.join("&")}`}`;
}
