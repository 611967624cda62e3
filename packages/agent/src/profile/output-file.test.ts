import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { OutputFile } from "./output-file.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-output-"));
after(() => rmSync(directory, { recursive: true }));

test("a new file holds what was written", () => {
  const path = join(directory, "new");
  {
    using file = OutputFile.open(path);
    file.write(Buffer.from("result"));
  }
  assert.equal(readFileSync(path, "utf8"), "result");
});

test("a longer previous result is replaced as a whole, and kept until then", () => {
  const path = join(directory, "previous");
  writeFileSync(path, "a long previous result");
  {
    using file = OutputFile.open(path);
    assert.equal(readFileSync(path, "utf8"), "a long previous result");
    file.write(Buffer.from("short"));
  }
  assert.equal(readFileSync(path, "utf8"), "short");
});

test("without a result nothing is left of a new file, and all of an old one", () => {
  const fresh = join(directory, "fresh");
  const old = join(directory, "old");
  writeFileSync(old, "precious");
  {
    using _fresh = OutputFile.open(fresh);
    using _old = OutputFile.open(old);
    assert.ok(existsSync(fresh));
  }
  assert.ok(!existsSync(fresh));
  assert.equal(readFileSync(old, "utf8"), "precious");
});

test("devices and pipes can be written to", () => {
  using file = OutputFile.open("/dev/null");
  file.write(Buffer.from("x"));
});

test("a full disk is an error of one line", () => {
  using file = OutputFile.open("/dev/full");
  assert.throws(() => file.write(Buffer.from("x")), {
    message: "cannot write /dev/full: no space left on device (ENOSPC)",
  });
});

const unwritable: readonly [path: string, message: string, hint: string][] = [
  [
    join(directory, "missing", "x.html"),
    `cannot write ${directory}/missing/x.html: no such file or directory (ENOENT)`,
    `make the directory first: mkdir -p ${directory}/missing`,
  ],
  [
    directory,
    `cannot write ${directory}: illegal operation on a directory (EISDIR)`,
    `name a file in it: -o ${directory}/profile.pb.gz`,
  ],
  [
    "/proc/x.html",
    "cannot write /proc/x.html: no such file or directory (ENOENT)",
    "make the directory first: mkdir -p /proc",
  ],
  ["/dev/null/x.html", "cannot write /dev/null/x.html: not a directory (ENOTDIR)", "name another file with -o"],
];

for (const [path, message, hint] of unwritable) {
  test(`cannot open ${path.replace(directory, "DIR")}`, () => {
    assert.throws(() => OutputFile.open(path), { name: "CliError", message, hints: [hint], exitCode: 1 });
  });
}
