/** What the kernel itself says about the BTF that we write. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseObject } from "../loader/object.ts";
import { loadObjectBtf, probeBtfFeatures } from "../loader/object-btf.ts";
import { btfLoad } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { objectFile } from "../testing/core/golden.ts";
import { Btf } from "./btf.ts";
import { sizeOf } from "./resolve.ts";
import { sanitizeBtf } from "./sanitize.ts";
import { BtfKind } from "./types.ts";

const nothing = {
  globalFunctions: false,
  emptyDataSections: false,
  floats: false,
  declarationTags: false,
  typeTags: false,
  enum64: false,
};

for (const name of ["linking", "rules", "kernel-types"]) {
  test(`the kernel accepts the completed BTF of ${name}`, () => {
    const { btf } = parseObject(readFileSync(objectFile(name)));
    assert.ok(btf !== undefined);
    using loaded = loadObjectBtf(defaultSys(), btf);
    assert.ok(loaded.fd > 0);
  });

  test(`the kernel accepts the BTF of ${name} as it is written for the oldest kernels`, () => {
    const { btf } = parseObject(readFileSync(objectFile(name)));
    assert.ok(btf !== undefined);
    const log = new Uint8Array(1 << 16);
    const fd = btfLoad(defaultSys(), sanitizeBtf(btf, nothing), log);
    assert.ok(fd >= 0, Buffer.from(log.subarray(0, log.indexOf(0))).toString());
    defaultSys().close(fd);
  });
}

test("features are probed", () => {
  const features = probeBtfFeatures(defaultSys());
  assert.equal(features.globalFunctions, true);
});

test("the kernel's own BTF, and that of every module, is read to the last type", () => {
  const folder = "/sys/kernel/btf";
  const vmlinux = Btf.parse(readFileSync(`${folder}/vmlinux`));
  readAll(vmlinux);
  for (const module of readdirSync(folder)) {
    if (module !== "vmlinux") readAll(Btf.parse(readFileSync(`${folder}/${module}`), vmlinux));
  }
  const task = vmlinux.findByName("task_struct", BtfKind.struct);
  assert.ok(task !== undefined);
  assert.ok((sizeOf(vmlinux, task) ?? 0) > 1000);
});

function readAll(btf: Btf): void {
  for (let id = btf.firstTypeId; id < btf.typeCount; id++) {
    const type = btf.type(id);
    if (type.kind === BtfKind.struct) assert.equal(sizeOf(btf, id), type.sizeBytes);
  }
}
