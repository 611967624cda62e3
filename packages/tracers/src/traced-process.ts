/** A process that a tracer saw something of. */
export interface TracedProcess {
  readonly pid: number;
  /** Name of its first thread; of the thread that was seen where the process was gone too soon. */
  readonly name: string;
  readonly executablePath?: string;
  readonly containerId?: string;
}
