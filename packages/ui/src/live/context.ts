import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { TimeRange } from "skep/answers";
import { ask } from "./client.ts";
import type { LiveState } from "./live-data.ts";
import type { Route } from "./route.ts";

/** What every view gets from the page around it. */
export interface PageContext {
  readonly live: LiveState;
  readonly route: Route;
  /** The times that the route's range stands for now. */
  readonly times: TimeRange;
  /** Goes elsewhere in the page; what is not given stays. */
  readonly go: (changes: Partial<Route>) => void;
  /** Changes with the colors, for what draws by itself. */
  readonly theme: string;
}

export const Page = createContext<PageContext | undefined>(undefined);

export function usePage(): PageContext {
  const page = useContext(Page);
  if (page === undefined) throw new Error("a view stands outside of the page");
  return page;
}

/** Sets a detail of the view, or with undefined takes it away. */
export function useDetails(): readonly [
  Route["details"],
  (changes: Readonly<Record<string, string | undefined>>) => void,
] {
  const { route, go } = usePage();
  const change = (changes: Readonly<Record<string, string | undefined>>) => {
    const details = Object.entries({ ...route.details, ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    );
    go({ details: Object.fromEntries(details) });
  };
  return [route.details, change];
}

export interface Asked<Answer> {
  /** The last one that came: the one before stays until then, so that nothing flickers. */
  readonly answer: Answer | undefined;
  readonly error: string | undefined;
}

/** The answer at the path, asked for again whenever the path changes or a round has ended. */
export function useAnswer<Answer>(path: string): Asked<Answer> {
  const { live } = usePage();
  const [asked, setAsked] = useState<Asked<Answer>>({ answer: undefined, error: undefined });
  // A new round is a reason to ask again.
  useEffect(() => {
    // Before the first round there is no time to ask about.
    if (live.endMs === 0) return;
    const abort = new AbortController();
    ask<Answer>(path, abort.signal).then(
      (answer) => setAsked({ answer, error: undefined }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        setAsked(({ answer }) => ({ answer, error: message }));
      },
    );
    return () => abort.abort();
  }, [path, live.endMs]);
  return asked;
}

/** The width of an element in pixels, followed as it changes. */
export function useWidth<Kind extends HTMLElement>(): readonly [{ current: Kind | null }, number] {
  const reference = useRef<Kind>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = reference.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [reference, width];
}
