import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { HttpError } from "./http-error.ts";

/** Decides who gets an answer: whoever knows the token, and asks from no other site. */
export class Access {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** The header that lets the browser go on without the token in its address. */
  cookie(port: number): string {
    return `${cookieName(port)}=${this.#token}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /**
   * Lets no page of another site in, whose script runs in a browser that has the cookie.
   *
   * @throws HttpError 403
   */
  checkOrigin(headers: IncomingHttpHeaders): void {
    // A name that an attacker's DNS server points here (DNS rebinding) would make the two the same site.
    if (!isLocalName(headers.host)) {
      throw new HttpError(403, "the Host header must be an address or localhost");
    }
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${headers.host}`) {
      throw new HttpError(403, "requests of other sites get no answer");
    }
    // A link may lead here; an image, a script or a frame of another site may not.
    const isForeign = headers["sec-fetch-site"] === "cross-site" || headers["sec-fetch-site"] === "same-site";
    const isVisit = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
    if (isForeign && !isVisit) throw new HttpError(403, "requests of other sites get no answer");
  }

  isToken(text: string | undefined): boolean {
    return text !== undefined && isEqualInConstantTime(text, this.#token);
  }

  /** Whether the token came along: in the cookie, as bearer token, or as the password that a URL can carry. */
  hasToken(headers: IncomingHttpHeaders, port: number): boolean {
    return this.isToken(cookieOf(headers.cookie, cookieName(port))) || this.isToken(credentials(headers));
  }
}

/** Cookies are shared by all ports of a host, so that each port needs one of its own. */
function cookieName(port: number): string {
  return `skep-${port}`;
}

/** `127.0.0.1:7537`, `[::1]`, `localhost:8000`: the port is free, since it may have been forwarded. */
function isLocalName(host: string | undefined): boolean {
  const name = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host ?? "");
  if (name === null) return false;
  const [, address, nameOrAddress = address ?? ""] = name;
  return nameOrAddress.toLowerCase() === "localhost" || isIP(nameOrAddress) !== 0;
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  const cookie = header?.split(";").find((pair) => pair.trim().startsWith(`${name}=`));
  return cookie?.trim().slice(name.length + 1);
}

function credentials({ authorization = "" }: IncomingHttpHeaders): string | undefined {
  const [scheme = "", value = ""] = authorization.split(" ", 2);
  switch (scheme.toLowerCase()) {
    case "bearer":
      return value;
    case "basic":
      // `go tool pprof http://skep:TOKEN@...` has no other way to send it.
      return Buffer.from(value, "base64")
        .toString()
        .replace(/^[^:]*:/, "");
    default:
      return undefined;
  }
}

/**
 * Takes as long for every text of that length: how many of its characters are right shows in no time. Not by
 * `timingSafeEqual`, since `node:crypto` is 7 to 16 ms of the agent's start, and 2 MB.
 */
function isEqualInConstantTime(text: string, secret: string): boolean {
  if (text.length !== secret.length) return false;
  let difference = 0;
  for (let index = 0; index < secret.length; index++) difference |= text.charCodeAt(index) ^ secret.charCodeAt(index);
  return difference === 0;
}
