import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { containerIdOf } from "./container-id.ts";
import { parseMaps } from "./maps.ts";
import { parseStat, parseStatus } from "./process-status.ts";
import { findRange, readProcess, readStartTime } from "./read-process.ts";

const id = "4f3c".repeat(16);
const otherId = "07ab".repeat(16);

describe("parseMaps", () => {
  const cases: readonly (readonly [string, string, object])[] = [
    [
      "a file",
      "00400000-0040b000 r-xp 00002000 fe:00 260386                     /usr/bin/head",
      {
        start: 0x400000,
        end: 0x40b000,
        fileOffset: 0x2000,
        device: "fe:00",
        inode: 260386,
        path: "/usr/bin/head",
        kind: "file",
        deleted: false,
      },
    ],
    [
      "a deleted file, with spaces and a newline in its name",
      "7f0000000000-7f0000001000 r-xs 00000000 00:2a 7 /tmp/a b\\012c (deleted)",
      { path: "/tmp/a b\nc", kind: "file", deleted: true },
    ],
    [
      "memory of memfd_create",
      "7f0000000000-7f0000001000 rwxs 00000000 00:01 33 /memfd:jit (deleted)",
      { path: "/memfd:jit", kind: "file", deleted: true },
    ],
    [
      "anonymous memory",
      "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 ",
      { path: "", kind: "anonymous", deleted: false },
    ],
    [
      "named anonymous memory",
      "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 [anon:v8]",
      { path: "[anon:v8]", kind: "anonymous" },
    ],
    [
      "an executable stack",
      "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 [stack]",
      { path: "[stack]", kind: "anonymous" },
    ],
    [
      "shared anonymous memory",
      "7f0000000000-7f0000001000 rwxs 00000000 00:01 99 /dev/zero (deleted)",
      { kind: "anonymous" },
    ],
    [
      "the vdso",
      "7ffe11bd9000-7ffe11bdb000 r-xp 00000000 00:00 0                          [vdso]",
      { path: "[vdso]", kind: "vdso" },
    ],
    [
      "the vsyscall page",
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
      { start: 0xffffffffff600000, kind: "vsyscall" },
    ],
  ];
  for (const [name, line, expected] of cases) {
    it(`reads ${name}`, () => {
      const [range, ...rest] = parseMaps(`${line}\n`);
      assert.deepEqual(rest, []);
      assert.deepEqual({ ...range, ...expected }, range);
    });
  }

  it("keeps executable memory only, in ascending order", () => {
    const text = [
      "00600000-00601000 r-xp 00000000 fe:00 1 /b",
      "00500000-00501000 rw-p 00000000 fe:00 1 /data",
      "00400000-00401000 r-xp 00000000 fe:00 1 /a",
    ].join("\n");
    assert.deepEqual(
      parseMaps(text).map(({ path }) => path),
      ["/a", "/b"],
    );
  });

  it("stops at more ranges than any program needs", () => {
    const text = "00400000-00401000 r-xp 00000000 fe:00 1 /a\n".repeat(20_000);
    assert.equal(parseMaps(text).length, 16_384);
  });

  it("meets any text without an error", () => {
    fc.assert(fc.property(fc.string(), (text) => assert.deepEqual(parseMaps(text), [])));
    const line = "00400000-0040b000 r-xp 00002000 fe:00 260386 /usr/bin/head";
    for (let length = 0; length < line.length - 14; length++) assert.ok(parseMaps(line.slice(0, length)).length <= 1);
    assert.deepEqual(parseMaps("00401000-00400000 r-xp 00000000 fe:00 1 /backwards"), []);
  });
});

describe("findRange", () => {
  it("finds the range that holds an address", () => {
    const ranges = parseMaps("1000-2000 r-xp 0 fe:00 1 /a\n3000-4000 r-xp 0 fe:00 1 /b\n");
    for (const [address, path] of [
      [0xfff, undefined],
      [0x1000, "/a"],
      [0x1fff, "/a"],
      [0x2000, undefined],
      [0x3fff, "/b"],
      [0x4000, undefined],
    ] as const) {
      assert.equal(findRange(ranges, address)?.path, path);
    }
  });
});

describe("containerIdOf", () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ["Docker, cgroup v1", `12:cpu,cpuacct:/docker/${id}\n0::/system.slice\n`, id],
    ["Docker with systemd", `0::/system.slice/docker-${id}.scope\n`, id],
    ["containerd in Kubernetes, cgroupfs", `1:name=systemd:/kubepods/burstable/pod5c2f1-3a/${id}\n`, id],
    ["containerd in Kubernetes, systemd", `0::/kubepods.slice/kubepods-pod5c2f.slice/cri-containerd-${id}.scope\n`, id],
    ["containerd's colons", `0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${id}\n`, id],
    ["CRI-O", `0::/kubepods.slice/kubepods-pod5c2f.slice/crio-${id}.scope/container\n`, id],
    ["the monitor of CRI-O is outside", `0::/kubepods.slice/crio-conmon-${id}.scope\n`, undefined],
    ["Podman", `0::/machine.slice/libpod-${id}.scope/container\n`, id],
    ["the monitor of Podman is outside", `0::/machine.slice/libpod-conmon-${id}.scope\n`, undefined],
    ["the innermost of nested ones", `0::/docker/${otherId}/docker/${id}\n`, id],
    ["from another cgroup namespace", `0::/../../docker-${id}.scope\n`, id],
    ["none on the host", "0::/user.slice/user-1000.slice/session-2.scope\n", undefined],
    ["longer numbers are none", `0::/x/${id}0\n`, undefined],
    ["no text", "", undefined],
  ];
  for (const [name, text, expected] of cases) it(name, () => assert.equal(containerIdOf(text), expected));
});

describe("parseStat", () => {
  const fields = Array.from({ length: 50 }, (_, index) => String(index + 4)).join(" ");

  it("reads name, state and start time, whatever the name is", () => {
    for (const name of ["node", "a b", "((", ") R 1 2 3 (x", "a\nb", ""]) {
      const expected = { name, startTimeTicks: 22, isZombie: false };
      assert.deepEqual(parseStat(`4242 (${name}) S ${fields}\n`), expected);
    }
    assert.equal(parseStat(`1 (sh) Z ${fields}`)?.isZombie, true);
  });

  it("gives nothing for what is no such file", () => {
    for (const text of ["", "1 (sh", "1 (sh) S 1 2", ")(", "1 (sh) S a b c d e f g h i j k l m n o p q r s t u v"]) {
      assert.equal(parseStat(text), undefined);
    }
    fc.assert(fc.property(fc.string(), (text) => assert.equal(parseStat(text), undefined)));
  });
});

describe("parseStatus", () => {
  it("takes the innermost of the pids, and both user ids", () => {
    const text = "Name:\tnode\nUid:\t1000\t0\t0\t0\nNSpid:\t4242\t17\t1\n";
    assert.deepEqual(parseStatus(text, 4242), { innermostPid: 1, userIds: [1000, 0] });
    assert.deepEqual(parseStatus("NSpid:\t4242\nUid:\t7\t7\t7\t7\n", 4242), { innermostPid: 4242, userIds: [7, 7] });
  });

  it("does without", () => assert.deepEqual(parseStatus("", 5), { innermostPid: 5, userIds: [] }));
});

describe("readProcess", () => {
  it("reads ourselves", () => {
    const own = readProcess(process.pid);
    assert.equal(own?.pid, process.pid);
    assert.equal(own?.startTimeTicks, readStartTime(process.pid));
    assert.ok(own?.ranges.some(({ path }) => path === own.executablePath));
  });

  it("gives nothing where there is no process", () => {
    // Above PID_MAX_LIMIT of 64-bit kernels.
    assert.equal(readProcess(2 ** 22 + 1), undefined);
    assert.equal(readStartTime(2 ** 22 + 1), undefined);
  });
});
