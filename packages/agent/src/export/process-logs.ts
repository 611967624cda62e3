import type { Attributes, LogRecord } from "@skep/otlp/logs";
import type { ProcessExec, ProcessExecFailure, ProcessExit } from "@skep/tracers/processes";

/** Names of the events; all events of one name have the same attributes. docs/telemetry.md lists them. */
export const PROCESS_EVENT_NAMES = {
  exec: "linux.process.exec",
  "exec-failure": "linux.process.exec_failure",
  exit: "linux.process.exit",
} as const;

export interface ProcessLogOptions {
  /** Tell the arguments of commands too, in which people put passwords. Default false. */
  readonly commandLines?: boolean;
}

/** Severity numbers of OpenTelemetry's log data model. */
const INFO = 9;
const WARN = 13;
const ERROR = 17;

export type LoggedEvent = ProcessExec | ProcessExecFailure | ProcessExit;

/** An exec, an exec that failed, or an exit. A process that only forked has done nothing yet that these won't tell. */
export function processRecord(event: LoggedEvent, options: ProcessLogOptions): LogRecord {
  return {
    timeUnixNs: event.timeUnixNs,
    eventName: PROCESS_EVENT_NAMES[event.kind],
    severityNumber: severityOf(event),
    body: describe(event),
    attributes: {
      "process.pid": event.pid,
      "process.parent_pid": event.parentPid,
      "process.real_user.id": event.userId,
      "process.linux.cgroup": event.cgroupPath,
      ...attributesOf(event, options),
    },
  };
}

function severityOf(event: LoggedEvent): number {
  if (event.kind === "exec-failure") return WARN;
  if (event.kind === "exec") return INFO;
  if (event.coreDumped) return ERROR;
  return event.signal === undefined ? INFO : WARN;
}

function describe(event: LoggedEvent): string {
  const who = `${event.name} (${event.pid})`;
  switch (event.kind) {
    case "exec":
      return `${who} runs ${event.executablePath}`;
    case "exec-failure":
      return `${who} could not run ${event.path}: ${event.error}`;
    case "exit":
      if (event.signal === undefined) return `${who} exited with code ${event.exitCode}`;
      return `${who} was ended by ${event.signal}${event.coreDumped ? ", which dumped its core" : ""}`;
    default:
      return event satisfies never;
  }
}

function attributesOf(event: LoggedEvent, { commandLines = false }: ProcessLogOptions): Attributes {
  switch (event.kind) {
    case "exec":
      return {
        "process.executable.path": event.executablePath,
        "process.working_directory": event.workingDirectory,
        "process.args_count": event.argumentCount,
        ...(commandLines && { "process.command_args": event.arguments }),
      };
    case "exec-failure":
      return {
        "error.type": event.error,
        "process.command": event.path,
        "process.working_directory": event.workingDirectory,
        ...(commandLines && { "process.command_args": event.arguments }),
      };
    case "exit":
      return {
        "process.exit.code": event.exitCode,
        "linux.process.exit.signal": event.signal,
        "linux.process.exit.core_dumped": event.coreDumped,
        "linux.process.lifetime_ns": event.lifetimeNs,
        "linux.process.cpu_time_ns": event.cpuTimeNs,
        "linux.process.peak_resident_bytes": event.peakResidentBytes,
        "linux.process.read_bytes": event.readBytes,
        "linux.process.written_bytes": event.writtenBytes,
      };
    default:
      return event satisfies never;
  }
}
