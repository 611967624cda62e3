import type { HistoryExtent, KeptProcess, RangeAnswer, TimeRange } from "skep/answers";
import { share } from "./format.ts";
import { noticesOf } from "./notices.ts";

/** What has to be known to read the view right; takes no room where there is nothing. */
export function Notices(props: {
  readonly answer: RangeAnswer | undefined;
  readonly times: TimeRange;
  readonly history: HistoryExtent | undefined;
}) {
  const notices = props.answer === undefined ? [] : noticesOf(props.answer, props.times, props.history);
  if (notices.length === 0) return null;
  return (
    <ul class="notices" aria-label="Losses and limits">
      {notices.map(({ kind, text }) => (
        <li key={text} class={kind}>
          {text}
        </li>
      ))}
    </ul>
  );
}

export function ErrorLine({ error }: { readonly error: string | undefined }) {
  return error === undefined ? null : (
    <p class="error" role="alert">
      {error}
    </p>
  );
}

export interface ProcessChoice {
  readonly process: KeptProcess;
  /** Shown behind the name: `41.0%`. */
  readonly note: string;
}

/** One process or all. A process that is chosen stays in the list, also when it does nothing. */
export function ProcessSelect(props: {
  readonly pid: number | undefined;
  readonly choices: readonly ProcessChoice[];
  readonly onChange: (pid: number | undefined) => void;
}) {
  const { pid, choices, onChange } = props;
  const known = choices.filter(({ process }) => process.pid !== 0).slice(0, 200);
  const isMissing = pid !== undefined && !known.some(({ process }) => process.pid === pid);
  return (
    <select
      aria-label="Process"
      value={pid === undefined ? "" : String(pid)}
      onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? undefined : Number(currentTarget.value))}
    >
      <option value="">all processes ({known.length})</option>
      {isMissing && <option value={String(pid)}>process {pid} (nothing seen)</option>}
      {known.map(({ process, note }) => (
        <option key={`${process.pid} ${process.name}`} value={String(process.pid)}>
          {process.name} ({process.pid}) · {note}
        </option>
      ))}
    </select>
  );
}

export function Choice<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly onChange: (value: Value) => void;
}) {
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{props.label}</legend>
      {props.options.map(([value, text]) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {text}
        </button>
      ))}
    </fieldset>
  );
}

export function FilterField(props: {
  readonly label: string;
  /** What is shown where the label has no room. */
  readonly hint?: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}) {
  return (
    <label class={props.hint === undefined ? "search" : "search short"}>
      <span class="visually-hidden">{props.label}</span>
      <input
        data-search
        type="search"
        placeholder={props.hint ?? props.label}
        autocomplete="off"
        spellcheck={false}
        value={props.value}
        onInput={({ currentTarget }) => props.onInput(currentTarget.value)}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
    </label>
  );
}

/** A share as a bar behind its number. */
export function Bar({ value, text }: { readonly value: number; readonly text?: string }) {
  return (
    <span class="bar">
      <span class="fill" style={{ width: `${Math.min(100, value * 100).toFixed(1)}%` }} />
      <span class="value">{text ?? share(value)}</span>
    </span>
  );
}
