import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Errno } from "../sys/failure.ts";
import { FakeSys } from "../testing/fake-sys.ts";
import { withTracefs } from "./tracefs.ts";

test("tracefs is used where it is mounted", () => {
  const folder = mkdtempSync(join(tmpdir(), "skep-tracefs-"));
  try {
    mkdirSync(join(folder, "events"));
    const sys = new FakeSys();
    assert.equal(
      withTracefs(sys, (directory) => directory, ["/no/such/folder", folder]),
      folder,
    );
    assert.deepEqual(sys.calls, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("tracefs is mounted out of sight where it is not, and let go of afterwards", () => {
  const sys = new FakeSys();
  const directory = withTracefs(sys, (path) => path, []);
  assert.equal(directory, "/proc/self/fd/100");
  assert.equal(sys.openFds.size, 0);
  const fail = (): never => assert.fail("as it may");
  assert.throws(() => withTracefs(sys, fail, []), /as it may/);
  assert.equal(sys.openFds.size, 0);
});

for (const { errno, code, message } of [
  { errno: Errno.ENODEV, code: "not-supported", message: "tracefs is not mounted, and mounting it failed" },
  { errno: Errno.EPERM, code: "not-permitted", message: "tracefs is not mounted, and this process may not mount it" },
]) {
  test(`tracefs that cannot be mounted is ${code}`, () => {
    const sys = new FakeSys({ respond: () => -errno });
    assert.throws(() => withTracefs(sys, () => undefined, []), {
      code,
      message,
      hint: "mount it, as root: mount -t tracefs tracefs /sys/kernel/tracing",
    });
  });
}
