import { useEffect, useMemo, useState } from "preact/hooks";
import { Page, type PageContext } from "./context.ts";
import { clock, duration } from "./format.ts";
import type { LiveData, LiveState } from "./live-data.ts";
import { DEFAULT_RANGE, LAST_RANGES, type Range, sameRange, timesOf } from "./range.ts";
import { formatRoute, parseRoute, type Route, VIEWS, type ViewName } from "./route.ts";
import { useTheme } from "./theme.ts";
import { Timeline } from "./timeline.tsx";
import { FilesView } from "./views/files.tsx";
import { FlameView } from "./views/flame.tsx";
import { HealthView } from "./views/health.tsx";
import { NetworkView } from "./views/network.tsx";
import { OverviewView } from "./views/overview.tsx";
import { ProcessesView } from "./views/processes.tsx";
import { SyscallsView } from "./views/syscalls.tsx";

const TITLES: Readonly<Record<ViewName, string>> = {
  overview: "Overview",
  flame: "Flame graph",
  syscalls: "System calls",
  processes: "Processes",
  files: "Files",
  network: "Network",
  health: "Health",
};

const COMPONENTS: Readonly<Record<ViewName, () => preact.JSX.Element>> = {
  overview: OverviewView,
  flame: FlameView,
  syscalls: SyscallsView,
  processes: ProcessesView,
  files: FilesView,
  network: NetworkView,
  health: HealthView,
};

export function App({ live }: { readonly live: LiveData }) {
  const state = useLiveState(live);
  const [route, go] = useRoute();
  const [theme, toggleTheme] = useTheme();
  const page: PageContext = useMemo(
    () => ({ live: state, route, times: timesOf(route.range, state.endMs), go, theme }),
    [state, route, go, theme],
  );
  useEffect(() => {
    document.title = `${TITLES[route.view]} · ${state.status?.hostName ?? "Skep"}`;
  }, [route.view, state.status?.hostName]);
  const View = COMPONENTS[route.view];
  return (
    <Page.Provider value={page}>
      <header>
        <div class="brand">
          <Logo />
          <span class="host">{state.status?.hostName ?? "Skep"}</span>
          <ConnectionText state={state} />
        </div>
        <nav aria-label="Views">
          {VIEWS.map((view) => (
            <a
              key={view}
              href={formatRoute({ ...route, view, details: {} })}
              aria-current={view === route.view ? "page" : undefined}
              ref={view === route.view ? intoView : null}
            >
              {TITLES[view]}
              {view === "health" && <HealthDot state={state} />}
            </a>
          ))}
        </nav>
        <div class="controls">
          <RangeButtons range={route.range} endMs={state.endMs} onChange={(range) => go({ range })} />
          <button
            type="button"
            class="icon"
            onClick={toggleTheme}
            aria-label={`Use ${theme === "dark" ? "light" : "dark"} colors`}
          >
            {theme === "dark" ? "☀" : "☾"}
          </button>
        </div>
      </header>
      <main>
        <h1 class="visually-hidden">{TITLES[route.view]}</h1>
        {state.connection === "refused" ? (
          <p class="empty">Skep was started again: open the address that it printed.</p>
        ) : state.endMs === 0 ? (
          <p class="empty">
            {state.connection === "lost" ? "Skep does not answer." : "The first round is still being measured."}
          </p>
        ) : (
          <>
            {route.view !== "overview" && <Timeline />}
            <View />
          </>
        )}
      </main>
    </Page.Provider>
  );
}

/** In a narrow window not all of them have room at a time. */
function intoView(link: HTMLAnchorElement | null): void {
  const row = link?.parentElement;
  if (link && row) row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}

function useLiveState(live: LiveData): LiveState {
  const [state, setState] = useState(live.state);
  useEffect(() => live.listen(() => setState(live.state)), [live]);
  return state;
}

function useRoute(): readonly [Route, (changes: Partial<Route>) => void] {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const onHash = () => setRoute(parseRoute(location.hash));
    const onKey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      const field = document.querySelector("[data-search]");
      if (!(field instanceof HTMLInputElement)) return;
      event.preventDefault();
      field.select();
    };
    addEventListener("hashchange", onHash);
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("hashchange", onHash);
      removeEventListener("keydown", onKey);
    };
  }, []);
  const go = useMemo(
    () => (changes: Partial<Route>) => {
      const hash = formatRoute({ ...parseRoute(location.hash), ...changes });
      // Of the same view it is the same visit: "back" leads to the view before.
      const isVisit = changes.view !== undefined && changes.view !== parseRoute(location.hash).view;
      if (isVisit) location.hash = hash;
      else history.replaceState(null, "", hash);
      setRoute(parseRoute(hash));
    },
    [],
  );
  return [route, go];
}

function RangeButtons(props: {
  readonly range: Range;
  readonly endMs: number;
  readonly onChange: (range: Range) => void;
}) {
  const { range, endMs, onChange } = props;
  const isFixed = range.kind === "fixed";
  return (
    <fieldset class="choice range">
      <legend class="visually-hidden">Time</legend>
      {LAST_RANGES.map(([seconds, label]) => (
        <button
          key={seconds}
          type="button"
          aria-pressed={sameRange(range, { kind: "last", seconds })}
          onClick={() => onChange({ kind: "last", seconds })}
        >
          {label}
        </button>
      ))}
      <button
        type="button"
        class="pause"
        aria-pressed={isFixed}
        title={isFixed ? "Follow the present again" : "Stay at this time"}
        onClick={() => onChange(isFixed ? DEFAULT_RANGE : { kind: "fixed", ...timesOf(range, endMs) })}
      >
        {isFixed ? "Resume" : "Pause"}
      </button>
    </fieldset>
  );
}

function ConnectionText({ state }: { readonly state: LiveState }) {
  const { connection, endMs, status } = state;
  const text =
    connection === "live"
      ? endMs === 0
        ? "measuring the first round"
        : `live · ${clock(endMs)}`
      : connection === "lost"
        ? `no answer since ${endMs === 0 ? "the start" : clock(endMs)}`
        : connection;
  const upNs = status?.history === undefined ? undefined : (status.history.toMs - status.history.fromMs) * 1e6;
  return (
    <span
      class={`connection ${connection}`}
      role="status"
      title={upNs === undefined ? undefined : `The history has ${duration(upNs)}`}
    >
      {text}
    </span>
  );
}

/** Says on every view that something is off or reduced. */
function HealthDot({ state }: { readonly state: LiveState }) {
  const count = state.status?.tracers.filter((tracer) => tracer.state !== "on").length ?? 0;
  return count === 0 ? null : (
    <span class="badge" title={`${count} tracers are off or reduced`}>
      {count}
      <span class="visually-hidden"> tracers are off or reduced</span>
    </span>
  );
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="1" y="11.5" width="14" height="3.2" rx="1" />
      <rect x="3" y="7.7" width="10" height="3.2" rx="1" />
      <rect x="5" y="3.9" width="6" height="3.2" rx="1" />
      <rect x="6.8" y="1" width="2.4" height="2.3" rx="1" />
    </svg>
  );
}
