/** What the shell gets to see. The help texts list them; scripts may rely on them. */
export const ExitCode = {
  ok: 0,
  /** The command line made sense, but the work could not be done. */
  failed: 1,
  /** The command line is wrong; nothing was started. */
  wrongUsage: 2,
  /** COMMAND was found but cannot be run. The two numbers are those of sh, env, timeout and nohup. */
  commandNotExecutable: 126,
  commandNotFound: 127,
} as const;

/** What a shell reports for a process that a signal ended. */
export function exitCodeOfSignal(signalNumber: number): number {
  return 128 + signalNumber;
}
