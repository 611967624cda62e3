import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { flameGraphData } from "./flame-tree.ts";
import type { ProfileReport } from "./report.ts";

export interface HtmlOptions {
  /** The page without its data. Default: the one that `@skep/ui` builds. */
  readonly template?: string;
  /** Default: the name of this machine. */
  readonly hostName?: string;
}

/** Where the page stands in the built package, and where its build leaves it in the repository. */
const TEMPLATE_URLS = ["../assets/flame-graph.html", "../../../ui/dist/flame-graph.html"].map(
  (path) => new URL(path, import.meta.url),
);

/** What the page has in place of its data. */
const DATA_ELEMENT = '<script type="application/json" id="profile"></script>';

/** The report as an interactive flame graph: one HTML file that needs nothing else. */
export function encodeHtml(
  report: ProfileReport,
  { template = readTemplate(), hostName = hostname() }: HtmlOptions = {},
): string {
  const [before, after] = template.split(DATA_ELEMENT);
  if (before === undefined || after === undefined)
    throw new Error("the flame graph template has no place for its data");
  // "<" would end the element in "</script>", or change how it is read in "<!--".
  const json = JSON.stringify(flameGraphData(report, hostName)).replaceAll("<", "\\u003c");
  return `${before}${DATA_ELEMENT.replace("></", () => `>${json}</`)}${after}`;
}

function readTemplate(): string {
  const url = TEMPLATE_URLS.find((candidate) => existsSync(candidate));
  if (url === undefined) throw new Error("the flame graph page is not built: npm run build -w @skep/ui");
  return readFileSync(url, "utf8");
}
