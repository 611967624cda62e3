import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlsFile } from "@skep/tracers/networking";
import { describeTls, listTlsFiles } from "./network-rungs.ts";

const attached: TlsFile = { path: "/usr/bin/node", library: "OpenSSL", state: "attached", functions: ["SSL_read"] };
const failed: TlsFile = { ...attached, path: "/opt/a", state: "failed", problem: "not permitted" };

test("TLS works where all that has it can be attached to, or nothing has it", () => {
  assert.deepEqual(describeTls({ files: [attached] }, true), {
    status: "yes",
    detail: "uprobe.multi: 1 with a TLS library",
  });
  assert.deepEqual(describeTls({ files: [] }, false), {
    status: "yes",
    detail: "uprobes, one for each function: no file with a TLS library is there",
  });
});

test("a file that cannot be attached to is told of", () => {
  assert.deepEqual(describeTls({ files: [attached, failed, failed] }, true), {
    status: "limited",
    detail: "uprobe.multi: 1 with a TLS library; 2 cannot be attached to, such as /opt/a: not permitted",
  });
});

test("each file is listed, those that cannot be read from first", () => {
  assert.deepEqual(
    listTlsFiles([{ ...attached, pid: 42 }, failed, { ...attached, path: "/lib/\x1b", library: "GnuTLS" }]),
    [
      { name: "OpenSSL", status: "limited", detail: "/opt/a: not permitted" },
      { name: "GnuTLS", status: "yes", detail: "/lib/\\x1b" },
      { name: "OpenSSL", status: "yes", detail: "/usr/bin/node, mapped by process 42" },
    ],
  );
  const many = Array.from({ length: 30 }, (_, index) => ({ ...attached, path: `/${index}` }));
  assert.deepEqual(listTlsFiles(many).at(-1), { name: "more", status: "yes", detail: "6 files that are not listed" });
  assert.deepEqual(listTlsFiles([]), []);
});
