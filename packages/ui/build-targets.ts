/** The first browsers that know `light-dark()`. */
export const TARGETS: string[] = ["chrome123", "firefox120", "safari17.5"];
