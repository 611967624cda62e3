import assert from "node:assert/strict";
import { test } from "node:test";
import { parseResidentMemory, SelfSampler } from "./self-sampler.ts";

test("resident and anonymous memory come from the lines of /proc/PID/status", () => {
  const status =
    "Name:\tnode\nVmHWM:\t   90000 kB\nVmRSS:\t   45000 kB\nRssAnon:\t   12000 kB\nRssFile:\t   33000 kB\n";
  assert.deepEqual(parseResidentMemory(status), { residentBytes: 46_080_000, anonymousBytes: 12_288_000 });
  assert.deepEqual(parseResidentMemory(""), { residentBytes: 0, anonymousBytes: 0 });
});

test("samples add up to what the process has used since it started", () => {
  const sampler = new SelfSampler();
  const first = sampler.sample();
  for (let sum = 0; sum < 1e7; sum++);
  const second = sampler.sample();
  const { user, system } = process.cpuUsage();
  assert.ok(first.cpuUserNs + second.cpuUserNs <= user * 1000);
  assert.ok(first.cpuSystemNs + second.cpuSystemNs <= system * 1000);
  assert.ok(first.cpuUserNs > 0 && second.cpuUserNs + second.cpuSystemNs > 0);
});

test("what is resident holds what is anonymous, and is what Node.js says", () => {
  const { residentBytes, anonymousBytes } = new SelfSampler().sample();
  assert.ok(anonymousBytes > 0 && anonymousBytes < residentBytes);
  assert.ok(Math.abs(residentBytes - process.memoryUsage.rss()) < 8e6);
});
