import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { messageOf, OtlpError } from "../../errors.ts";
import type { TlsSettings } from "../settings.ts";

/**
 * Tries certificates and keys before anything is sent with them.
 *
 * @throws OtlpError of code `configuration` that says which of them is unusable.
 */
export function checkTls({ ca, certificate, key }: TlsSettings): void {
  for (const [name, pem] of [
    ["the authority's certificate", ca],
    ["the client certificate", certificate],
  ] as const) {
    // createSecureContext takes a text without any certificate for "none".
    if (pem !== undefined) usable(name, () => new X509Certificate(pem));
  }
  if (certificate !== undefined && key !== undefined) {
    usable("the client's key, with its certificate,", () => createSecureContext({ cert: certificate, key }));
  }
}

function usable(name: string, attempt: () => unknown): void {
  try {
    attempt();
  } catch (cause) {
    throw new OtlpError("configuration", `${name} cannot be used: ${messageOf(cause)}`, {
      hint: "it must be in PEM, and a key must fit its certificate and have no passphrase",
      cause,
    });
  }
}
