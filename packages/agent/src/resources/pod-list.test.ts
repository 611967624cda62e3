import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePodList } from "./pod-list.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER_ID = "f".repeat(64);

/** A pod as a kubelet tells of it, with what matters of it. */
function pod(changes: { metadata?: object; status?: object } = {}): unknown {
  return {
    metadata: { name: "shop-7d4b9c6f5-x2x4z", namespace: "prod", uid: "u-1", ...changes.metadata },
    spec: { nodeName: "node-1" },
    status: { containerStatuses: [{ name: "web", containerID: `containerd://${ID}` }], ...changes.status },
  };
}

function list(...pods: readonly unknown[]): string {
  return JSON.stringify({ kind: "PodList", apiVersion: "v1", items: pods });
}

const OF_POD = {
  "k8s.namespace.name": "prod",
  "k8s.pod.name": "shop-7d4b9c6f5-x2x4z",
  "k8s.pod.uid": "u-1",
  "k8s.node.name": "node-1",
  "service.namespace": "prod",
  "k8s.container.name": "web",
};

function owner(kind: string, name: string): object {
  return {
    ownerReferences: [
      { kind: "Other", name: "x" },
      { kind, name, controller: true },
    ],
  };
}

const owners: readonly [owner: object, attributes: Record<string, string>, serviceName: string][] = [
  [{}, {}, "shop-7d4b9c6f5-x2x4z"],
  [
    owner("ReplicaSet", "shop-7d4b9c6f5"),
    { "k8s.replicaset.name": "shop-7d4b9c6f5", "k8s.deployment.name": "shop" },
    "shop",
  ],
  [owner("ReplicaSet", "by-hand"), { "k8s.replicaset.name": "by-hand" }, "by-hand"],
  [owner("StatefulSet", "db"), { "k8s.statefulset.name": "db" }, "db"],
  [owner("DaemonSet", "agent"), { "k8s.daemonset.name": "agent" }, "agent"],
  [owner("Job", "backup-29105280"), { "k8s.job.name": "backup-29105280", "k8s.cronjob.name": "backup" }, "backup"],
  [owner("Job", "migrate"), { "k8s.job.name": "migrate" }, "migrate"],
];

for (const [metadata, attributes, serviceName] of owners) {
  test(`the containers of a pod of ${JSON.stringify(attributes)} are of the service ${serviceName}`, () => {
    const container = parsePodList(list(pod({ metadata }))).get(ID);
    assert.deepEqual(container, { serviceName, attributes: { ...OF_POD, ...attributes } });
  });
}

test("annotations of OpenTelemetry are attributes, and name the service before all else", () => {
  const annotations = {
    "resource.opentelemetry.io/service.name": "checkout",
    "resource.opentelemetry.io/service.version": "2.1",
    "kubernetes.io/config.source": "api",
  };
  const metadata = { annotations, ...owner("DaemonSet", "agent") };
  const container = parsePodList(list(pod({ metadata }))).get(ID);
  assert.equal(container?.serviceName, "checkout");
  assert.deepEqual(container.attributes, { ...OF_POD, "k8s.daemonset.name": "agent", "service.version": "2.1" });
});

test("containers of all kinds are found by their id, those that have none are left out", () => {
  const status = {
    containerStatuses: [{ name: "waiting", containerID: "" }, { name: "web", containerID: `docker://${ID}` }, null],
    initContainerStatuses: [{ name: "setup", containerID: `cri-o://${OTHER_ID}` }],
    ephemeralContainerStatuses: "nonsense",
  };
  const containers = parsePodList(list(pod({ status }), null, {}, { status: 3 }));
  assert.deepEqual(
    Array.from(containers, ([id, { attributes }]) => [id, attributes["k8s.container.name"]]),
    [
      [ID, "web"],
      [OTHER_ID, "setup"],
    ],
  );
});

test("a node without pods has no containers", () => {
  assert.equal(parsePodList('{"kind":"PodList","items":null}').size, 0);
  assert.equal(parsePodList('{"kind":"PodList","items":[]}').size, 0);
});

for (const text of ["", "Unauthorized", "[]", "3", "null", '{"items":{}}', '{"kind":"Status"}']) {
  test(`${JSON.stringify(text)} is not taken for a list of pods`, () => {
    assert.throws(() => parsePodList(text));
  });
}

test("any JSON is a list of pods or an error", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      parsePodList(`{"items":[${json},{"metadata":${json},"spec":${json},"status":{"containerStatuses":${json}}}]}`);
    }),
  );
});
