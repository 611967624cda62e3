import assert from "node:assert/strict";
import { test } from "node:test";
import { isAtLeast, parseKernelVersion } from "./kernel-version.ts";

for (const { name, release, version, signature = "", expected } of [
  { name: "a mainline kernel", release: "6.18.44-fc", version: "#1 SMP", expected: "6.18.44" },
  { name: "a first release", release: "7.2", version: "#1 SMP", expected: "7.2.0" },
  { name: "a release candidate", release: "7.3.0-rc2+", version: "#1 SMP", expected: "7.3.0" },
  {
    name: "Debian's, whose release is that of its ABI",
    release: "5.10.0-32-cloud-amd64",
    version: "#1 SMP Debian 5.10.223-1 (2024-08-10)",
    expected: "5.10.223",
  },
  {
    name: "Ubuntu's, which hides the patch number",
    release: "5.15.0-118-generic",
    version: "#128-Ubuntu SMP Fri Jul 5 09:28:59 UTC 2024",
    signature: "Ubuntu 5.15.0-118.128-generic 5.15.158\n",
    expected: "5.15.158",
  },
  { name: "nonsense", release: "kernel", version: "", expected: "0.0.0" },
]) {
  test(`the version of ${name} is ${expected}`, () => {
    const { major, minor, patch } = parseKernelVersion({ release, version, signature });
    assert.equal(`${major}.${minor}.${patch}`, expected);
  });
}

test("versions compare by number", () => {
  const version = { major: 5, minor: 10, patch: 3 };
  for (const [wanted, expected] of [
    ["5.8", true],
    ["5.10", true],
    ["5.10.3", true],
    ["5.10.4", false],
    ["5.11", false],
    ["4.19", true],
    ["6.1", false],
  ] as const) {
    assert.equal(isAtLeast(version, wanted), expected, wanted);
  }
});
