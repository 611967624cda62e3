import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../packages/agent/src/config/read-settings.ts";
import { keptCapabilities } from "../../packages/agent/src/service/limit-privileges.ts";
import { collectorConfiguration, kubernetesObject, podSpec, unitValues } from "./deploy-files.ts";

const expected = [...keptCapabilities].sort();

test("the unit leaves exactly the capabilities that the agent keeps", () => {
  assert.deepEqual(unitValues("CapabilityBoundingSet").sort(), expected);
  assert.deepEqual(unitValues("NoNewPrivileges"), ["yes"]);
});

test("the DaemonSet adds exactly these to none, and no other privilege", () => {
  const { privileged, allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } =
    podSpec().containers[0].securityContext;
  assert.deepEqual(capabilities.drop, ["ALL"]);
  assert.deepEqual(capabilities.add.map((name) => `CAP_${name}`).sort(), expected);
  assert.deepEqual(
    { privileged, allowPrivilegeEscalation, readOnlyRootFilesystem },
    { privileged: false, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
  );
  assert.equal(podSpec().hostPID, true);
});

test("the ConfigMap holds a configuration that is right, where the DaemonSet looks for it", () => {
  const [name, text] = Object.entries(kubernetesObject("ConfigMap").data ?? {})[0] ?? [];
  assert.ok(name !== undefined && text !== undefined);
  const settings = readSettings(text, name);
  const [{ args, volumeMounts }] = podSpec().containers;
  const folders = volumeMounts.map(({ mountPath }) => mountPath);
  assert.deepEqual(args, ["run", "--config", `/etc/skep/${name}`]);
  assert.ok(folders.includes("/etc/skep"));
  // The root is read-only: a spool needs a volume.
  assert.ok(folders.includes(settings.otlp.spool.directory ?? ""));
  assert.equal(settings.resource.kubernetes.enabled, true);
});

test("every volume that the container mounts is one of the pod", () => {
  const { containers, volumes } = podSpec();
  assert.deepEqual(containers[0].volumeMounts.map(({ name }) => name).sort(), volumes.map(({ name }) => name).sort());
});

test("the Collector takes all four signals, and its pipelines are made of what it configures", () => {
  const { receivers, processors, exporters, service } = collectorConfiguration();
  const { pipelines } = service;
  assert.deepEqual(Object.keys(pipelines).sort(), ["logs", "metrics", "profiles", "traces"]);
  const used = (part: "receivers" | "processors" | "exporters") =>
    [...new Set(Object.values(pipelines).flatMap((pipeline) => pipeline[part]))].sort();
  assert.deepEqual(used("receivers"), Object.keys(receivers).sort());
  assert.deepEqual(used("processors"), Object.keys(processors).sort());
  assert.deepEqual(used("exporters"), Object.keys(exporters).sort());
});
