import type { ProfilesDictionary } from "./dictionary.ts";
import type { Profile, ProfileSample } from "./profile.ts";

/** A sample as OTLP knows it: what it was (stack, attributes, span) in indexes, and how much of it. */
export interface SampleRow {
  readonly stackIndex: number;
  readonly attributeIndices: readonly number[];
  readonly linkIndex: number;
  /** One per sample type of the profile. */
  readonly values: number[];
}

/**
 * The samples of a profile, those that are the same in OTLP's eyes added up.
 *
 * @throws RangeError if a sample does not have one value for each sample type.
 */
export function sampleRows(profile: Profile, dictionary: ProfilesDictionary): readonly SampleRow[] {
  const [first] = profile.samples;
  const ofOneProcess = profile.samples.every(({ process }) => process === first?.process);
  const rows = new Map<string, SampleRow>();
  for (const sample of profile.samples) {
    if (sample.values.length !== profile.sampleTypes.length) {
      throw new RangeError(
        `a sample has ${sample.values.length} values for ${profile.sampleTypes.length} sample types`,
      );
    }
    // Its stack would be in the dictionary for nothing.
    if (sample.values.every((value) => value === 0)) continue;
    const stackIndex = dictionary.stackIndex(sample.stack);
    const attributeIndices = attributesOf(sample, ofOneProcess, dictionary);
    const linkIndex = dictionary.linkIndex(sample.span);
    const key = `${stackIndex} ${linkIndex} ${attributeIndices.join(" ")}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { stackIndex, attributeIndices, linkIndex, values: [...sample.values] });
    else for (const [index, value] of sample.values.entries()) row.values[index] = (row.values[index] ?? 0) + value;
  }
  return Array.from(rows.values());
}

function attributesOf(sample: ProfileSample, ofOneProcess: boolean, dictionary: ProfilesDictionary): number[] {
  const { process, threadId, threadName } = sample;
  const indices = [dictionary.attributeIndex("thread.id", threadId)];
  if (threadName !== "") indices.push(dictionary.attributeIndex("thread.name", threadName));
  // Otherwise the resource says which process it is.
  if (!ofOneProcess) {
    indices.push(dictionary.attributeIndex("process.pid", process.pid));
    indices.push(dictionary.attributeIndex("process.executable.name", process.name));
  }
  return indices;
}
