import { OtlpError } from "../errors.ts";

/** What a header's name may be made of (RFC 9110, section 5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible characters, space and tab, and bytes above ASCII (RFC 9110, section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers that say how a request is encoded and framed, which the exporter knows better. */
const OWN_HEADERS = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "te",
  "transfer-encoding",
  "user-agent",
]);

/** @throws OtlpError of code `configuration` for a header that cannot be sent, or that the exporter sends itself. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!TOKEN.test(name)) throw new OtlpError("configuration", `${JSON.stringify(name)} is no name of a header`);
    // The value is not repeated: it may be a secret.
    if (!FIELD_VALUE.test(value)) {
      throw new OtlpError("configuration", `the value of the header ${name} has characters that no header can have`);
    }
    const lowerCase = name.toLowerCase();
    if (OWN_HEADERS.has(lowerCase) || lowerCase.startsWith("grpc-")) {
      throw new OtlpError("configuration", `the header ${name} is the exporter's own`, { hint: "leave it out" });
    }
  }
}
