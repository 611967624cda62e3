/** What `skep doctor` found out, as data; the terminal's text and the JSON are both made from it. */
export interface DoctorReport {
  readonly skepVersion: string;
  readonly nodeVersion: string;
  readonly kernelRelease: string;
  /** In Node.js' words: `x64`, `arm64`. */
  readonly architecture: string;
  /** Whether all that Skep traces can be traced here. */
  readonly works: boolean;
  /** One sentence on what works and what stands in the way. */
  readonly verdict: string;
  /** What to do about it; empty where nothing needs to be done. */
  readonly advice: readonly string[];
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

export interface Check {
  readonly name: string;
  /**
   * - `yes`: there, or as it should be
   * - `limited`: works, but something is lost
   * - `no`: not there, though it is needed
   * - `unused`: not there, and nothing of Skep's needs it
   * - `unknown`: it could not be found out
   */
  readonly status: "yes" | "limited" | "no" | "unused" | "unknown";
  readonly detail: string;
}
