import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Answer } from "./answer.ts";
import { HttpError } from "./http-error.ts";

/** Where the page stands in the built package, and where its build leaves it in the repository. */
const FOLDER_URLS = ["../assets/live/", "../../../ui/dist/live/"].map((path) => new URL(path, import.meta.url));

/** All that there is: a path of a request names one of these, or nothing. */
const FILES: ReadonlyMap<string, { readonly file: string; readonly contentType: string }> = new Map([
  ["/", { file: "live.html", contentType: "text/html; charset=utf-8" }],
  ["/live.js", { file: "live.js", contentType: "text/javascript; charset=utf-8" }],
  ["/live.css", { file: "live.css", contentType: "text/css; charset=utf-8" }],
]);

/** The page's own file of that path; undefined where there is none. */
export async function pageFile(path: string): Promise<Answer | undefined> {
  const entry = FILES.get(path);
  if (entry === undefined) return undefined;
  const url = FOLDER_URLS.map((folder) => new URL(entry.file, folder)).find((candidate) => existsSync(candidate));
  if (url === undefined) throw new HttpError(503, "the page is not built: npm run build -w @skep/ui");
  // Loaded here: it is 2 ms of the start, and the page may never be opened.
  const { readFile } = await import("node:fs/promises");
  return { contentType: entry.contentType, body: await readFile(fileURLToPath(url)) };
}
