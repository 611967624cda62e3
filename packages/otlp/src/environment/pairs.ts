import { OtlpError } from "../errors.ts";

/**
 * A list of `name=value` pairs with commas between them, each percent-encoded, as OTEL_RESOURCE_ATTRIBUTES and
 * OTEL_EXPORTER_OTLP_HEADERS have it. Spaces around names and values don't count, nor do empty members. Of a name that
 * is there twice, the last one holds.
 *
 * @throws OtlpError of code `configuration`, which says what is wrong with which member of the list.
 */
export function parsePairs(variable: string, text: string): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const member of text.split(",")) {
    if (member.trim() === "") continue;
    const separator = member.indexOf("=");
    const name = decode(variable, member.slice(0, Math.max(separator, 0)).trim());
    // Only the name is repeated in messages: values may be secrets.
    if (separator < 0 || name === "") {
      const position = `member ${text.slice(0, text.indexOf(member)).split(",").length}`;
      throw new OtlpError("configuration", `${variable}: ${position} is not of the form name=value`, {
        hint: "such as name=value,other=some%20value",
      });
    }
    pairs.set(name, decode(variable, member.slice(separator + 1).trim(), name));
  }
  return Object.fromEntries(pairs);
}

function decode(variable: string, text: string, name?: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    const what = name === undefined ? `the name ${JSON.stringify(text)}` : `the value of ${name}`;
    throw new OtlpError("configuration", `${variable}: ${what} is not percent-encoded UTF-8`, {
      hint: "write % as %25",
      cause,
    });
  }
}
