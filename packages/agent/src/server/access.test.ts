import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { Access } from "./access.ts";

const access = new Access("s3cret");
const host = "127.0.0.1:7537";

const origins: readonly [what: string, headers: IncomingHttpHeaders, isAllowed: boolean][] = [
  ["a script without a browser", { host }, true],
  ["localhost", { host: "localhost:7537" }, true],
  ["a forwarded port", { host: "LOCALHOST:8000" }, true],
  ["IPv6", { host: "[::1]:7537" }, true],
  [
    "the page itself",
    { host, origin: `http://${host}`, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" },
    true,
  ],
  ["an address that was typed", { host, "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }, true],
  [
    "a link on another site",
    { host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
    true,
  ],
  ["a name that leads here", { host: "evil.example:7537" }, false],
  ["a name that begins like an address", { host: "127.0.0.1.evil.example" }, false],
  ["localhost of somewhere", { host: "localhost.evil.example" }, false],
  ["no host", {}, false],
  ["an empty host", { host: "" }, false],
  ["a host with user", { host: "evil@127.0.0.1" }, false],
  ["a script of another site", { host, origin: "https://evil.example" }, false],
  ["a script of another port", { host, origin: "http://127.0.0.1:8080" }, false],
  ["a page without an origin", { host, origin: "null" }, false],
  ["an image on another site", { host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, false],
  [
    "a frame on another site",
    { host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    false,
  ],
  ["another port of this machine", { host, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }, false],
];

for (const [what, headers, isAllowed] of origins) {
  test(`${what} is ${isAllowed ? "let in" : "kept out"}`, () => {
    const check = () => access.checkOrigin(headers);
    if (isAllowed) check();
    else assert.throws(check, { name: "HttpError", status: 403 });
  });
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

const tokens: readonly [what: string, headers: IncomingHttpHeaders, isAllowed: boolean][] = [
  ["nothing", {}, false],
  ["the cookie", { cookie: "skep-7537=s3cret" }, true],
  ["the cookie among others", { cookie: "a=b; skep-7537=s3cret; c=d" }, true],
  ["the cookie of another port", { cookie: "skep-7538=s3cret" }, false],
  ["a wrong cookie", { cookie: "skep-7537=s3cret2" }, false],
  ["a bearer token", { authorization: "Bearer s3cret" }, true],
  ["a wrong bearer token", { authorization: "Bearer s3cre" }, false],
  ["one with another first character", { authorization: "Bearer S3cret" }, false],
  ["one with another last character", { authorization: "Bearer s3creT" }, false],
  ["a password, as pprof sends it", { authorization: basic("skep:s3cret") }, true],
  ["a wrong password", { authorization: basic("s3cret:x") }, false],
  ["another scheme", { authorization: "Digest s3cret" }, false],
  ["an empty token", { authorization: "Bearer " }, false],
];

for (const [what, headers, isAllowed] of tokens) {
  test(`${what} ${isAllowed ? "opens" : "does not open"}`, () => {
    assert.equal(access.hasToken(headers, 7537), isAllowed);
  });
}

test("the cookie is for this port alone, and for no script", () => {
  assert.equal(access.cookie(7537), "skep-7537=s3cret; Path=/; HttpOnly; SameSite=Strict");
});
