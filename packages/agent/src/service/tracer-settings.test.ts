import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSettings } from "../config/default-settings.ts";
import { tracerSettings } from "./tracer-settings.ts";

test("single requests are only read where somebody gets them", () => {
  const settings = defaultSettings();
  assert.equal(tracerSettings(settings, true).network?.singleRequests, 2000);
  assert.equal(tracerSettings(settings, false).network?.singleRequests, 0);
});

test("parts of the network that are off are off, and all of it where that is", () => {
  const { tracers, targets } = defaultSettings();
  const settingsOf = (changes: Partial<typeof tracers.network>) =>
    tracerSettings({ targets, tracers: { ...tracers, network: { ...tracers.network, ...changes } } }, true).network;
  assert.equal(settingsOf({ enabled: false }), undefined);
  const { connections, requests, packets, singleRequests } = settingsOf({ requests: false, packets: false }) ?? {};
  assert.deepEqual([typeof connections, requests, packets, singleRequests], ["object", false, false, 0]);
  const withoutHttp = settingsOf({ http: false })?.requests;
  assert.ok(typeof withoutHttp === "object" && withoutHttp.http === false);
  const withoutTls = settingsOf({ tls: false, keepQuery: true })?.requests;
  assert.ok(typeof withoutTls === "object");
  assert.deepEqual([withoutTls.tls, withoutTls.keepQuery], [false, true]);
});
