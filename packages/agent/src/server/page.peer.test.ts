import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { LiveConnection, TlsReport } from "@skep/tracers/networking";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { History } from "../history/history.ts";
import { api, FIRST_ROUND_MS, frame, profile, ROUND_MS, round, sample, tracers } from "../history/testing/rounds.ts";
import type { Round } from "../pipeline/round.ts";
import { connectionReport, networkRound, requestReport, requests } from "../pipeline/testing/network-round.ts";
import { traffic } from "../testing/network-reports.ts";
import { PageCoverage } from "../testing/page-coverage.ts";
import { PageServer } from "./page-server.ts";

/** The page as a reader has it: from the server, in the browser of Debian. Times are shown in UTC. */

let browser: Browser;
const coverage = new PageCoverage();

before(async () => {
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
});

after(async () => {
  await browser?.close();
});

interface OpenPage extends AsyncDisposable {
  readonly history: History;
  readonly server: PageServer;
  readonly page: Page;
  /** What the page asked of anybody else, and every complaint of the browser. */
  readonly incidents: readonly string[];
}

interface OpenOptions {
  readonly hash?: string;
  readonly rounds?: readonly Round[];
  readonly width?: number;
  readonly colorScheme?: "light" | "dark";
  readonly takeRound?: (history: History) => Promise<void>;
}

const threeRounds = [round(0), round(1), round(2)];

async function open({
  hash = "",
  rounds = threeRounds,
  width = 1280,
  colorScheme = "light",
  takeRound = async () => undefined,
}: OpenOptions = {}) {
  const history = new History();
  for (const given of rounds) history.read(given);
  const server = await PageServer.start({
    history,
    version: "0.1.0",
    hostName: "web-03",
    takeRound: () => takeRound(history),
    port: 0,
  });
  const { origin } = server;
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    reducedMotion: "reduce",
    timezoneId: "UTC",
  });
  const page = await context.newPage();
  const incidents: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) incidents.push(request.url());
  });
  page.on("pageerror", (error) => incidents.push(error.message));
  page.on("console", (message) => incidents.push(message.text()));
  await coverage.start(page);
  await page.goto(`${server.url}${hash}`);
  const opened: OpenPage = {
    history,
    server,
    page,
    incidents,
    [Symbol.asyncDispose]: async () => {
      await coverage.stop(page);
      await context.close();
      await server[Symbol.asyncDispose]();
    },
  };
  return opened;
}

/** The cells of a table, once it has rows. */
async function cells(page: Page, label: string): Promise<string[][]> {
  const table = page.getByRole("table", { name: label, exact: true });
  await table.locator("tbody tr").first().waitFor();
  const rows = await table.locator("tbody tr").all();
  return Promise.all(rows.map(async (row) => (await row.locator("td").allTextContents()).map((text) => text.trim())));
}

function card(page: Page, title: string): Locator {
  return page.getByRole("region", { name: title, exact: true });
}

/** The page draws in its own time: passes as soon as that is the text, and fails by what there was instead. */
async function shows(element: Locator, text: string): Promise<void> {
  await element
    .filter({ hasText: text })
    .waitFor({ timeout: 5_000 })
    .catch(() => undefined);
  assert.equal(await element.textContent(), text);
}

test("the token leaves the address, and a page that is loaded again still works", async () => {
  await using opened = await open();
  const { page, server } = opened;
  await page.getByText("live · 11:07:10").waitFor();
  assert.equal(page.url(), `${server.origin}/`);
  assert.equal(await page.title(), "Overview · web-03");
  await page.reload();
  await page.getByText("live · 11:07:10").waitFor();
  assert.deepEqual(opened.incidents, []);
});

test("the overview has the numbers of the last round", async () => {
  await using opened = await open();
  const { page } = opened;
  const expected: readonly (readonly [string, readonly string[]])[] = [
    ["CPU", ["50.0%"]],
    ["System calls", ["13/s", "0.60/s"]],
    ["Process starts", ["0.10/s"]],
    ["File bytes", ["8.19 kB/s", "0 B/s"]],
    ["Requests", ["3/s", "0.70/s"]],
    ["Lost by Skep", ["0/s"]],
    ["What Skep costs: CPU", ["0.40%"]],
    ["What Skep costs: memory", ["49.0 MB"]],
  ];
  await page.getByText("live · 11:07:10").waitFor();
  for (const [title, numbers] of expected) {
    assert.deepEqual(await card(page, title).locator(".now b").allTextContents(), numbers, title);
    assert.equal(await card(page, title).locator("canvas").count(), 1, title);
  }
  const calls = card(page, "Most frequent system calls").getByRole("listitem");
  await calls.first().waitFor();
  assert.deepEqual(await calls.locator("a").allTextContents(), ["read", "openat", "futex"]);
  assert.deepEqual(await calls.locator(".value").allTextContents(), ["10", "2", "1"]);
  assert.deepEqual(opened.incidents, []);
});

test("a new round moves what is shown", async () => {
  await using opened = await open();
  const { page, history } = opened;
  await page.getByText("live · 11:07:10").waitFor();
  const { syscalls } = round(3);
  assert.ok(syscalls);
  history.read(round(3, { syscalls: { ...syscalls, syscalls: syscalls.syscalls.slice(0, 1) } }));
  await page.getByText("live · 11:07:20").waitFor();
  assert.deepEqual(await card(page, "System calls").locator(".now b").allTextContents(), ["10/s", "0/s"]);
});

test("a time that is dragged over is the time of every view", async () => {
  await using opened = await open();
  const { page } = opened;
  const chart = card(page, "CPU").locator(".u-over");
  await chart.waitFor();
  const box = await chart.boundingBox();
  assert.ok(box);
  // Of the last 5 minutes, the last 30 s hold data: this is the middle one of its three rounds.
  const x = (secondsAgo: number) => box.x + box.width * (1 - secondsAgo / 300);
  await page.mouse.move(x(20), box.y + 20);
  await page.mouse.down();
  await page.mouse.move(x(10), box.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.getByRole("link", { name: "System calls" }).click();
  const [read] = await cells(page, "System calls");
  assert.deepEqual(read?.slice(0, 3), ["read", "100", "10"]);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("cell", { name: "300", exact: true }).first().waitFor();
});

test("system calls: table, filter, process, and the heat map of one call", async () => {
  await using opened = await open({ hash: "#/syscalls?last=60" });
  const { page } = opened;
  assert.deepEqual(await cells(page, "System calls"), [
    ["read", "300", "10", "", "900 µs", "3.0 µs", "4.1 µs", "4.1 µs", "4.0 µs", ""],
    ["openat", "60", "2", "18 · 30.0%", "180 µs", "3.0 µs", "4.1 µs", "4.1 µs", "4.0 µs", "ENOENT 15, EACCES 3"],
    ["futex", "30", "1", "", "15.0 s", "500 ms", "537 ms", "2.15 s", "2.00 s", ""],
  ]);
  await shows(page.locator(".sums"), "390 calls, 13/s · 18 failed (4.6%)");
  const heatMap = page.locator("canvas[role=img]");
  assert.match(
    (await heatMap.getAttribute("aria-label")) ?? "",
    /^Latency of all calls: 360 calls of 2\.0 µs to 4\.1 µs, /,
  );

  await page.getByRole("row", { name: /^futex/ }).click();
  await page
    .getByRole("img", { name: "Latency of futex: 27 calls of 268 ms to 537 ms, 3 calls of 1.07 s to 2.15 s" })
    .waitFor();
  const box = await heatMap.boundingBox();
  assert.ok(box);
  // The lowest bucket of the second of three columns.
  await page.mouse.move(box.x + box.width / 2, box.y + box.height - 8);
  await shows(page.locator(".pointed"), "9 calls of 268 ms to 537 ms, 11:06:50 to 11:07:00");

  await page.getByLabel("Filter by name").fill("open");
  assert.deepEqual(
    (await cells(page, "System calls")).map(([name]) => name),
    ["openat"],
  );
  await page.getByLabel("Filter by name").fill("");
  await page.getByLabel("Process", { exact: true }).selectOption("sh (7) · 3/s");
  await page.getByRole("cell", { name: "30", exact: true }).first().waitFor();
  assert.deepEqual(
    (await cells(page, "System calls")).map(([name, calls]) => [name, calls]),
    [
      ["openat", "60"],
      ["read", "30"],
    ],
  );
  assert.deepEqual(opened.incidents, []);
});

test("tables are sorted by their titles, and used by keyboard", async () => {
  await using opened = await open({ hash: "#/syscalls?last=60" });
  const { page } = opened;
  const names = async () => (await cells(page, "System calls")).map(([name]) => name);
  assert.deepEqual(await names(), ["read", "openat", "futex"]);
  await page.getByRole("button", { name: "Time" }).press("Enter");
  assert.deepEqual(await names(), ["futex", "read", "openat"]);
  assert.equal(await page.getByRole("columnheader", { name: "Time" }).getAttribute("aria-sort"), "descending");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  assert.deepEqual(await names(), ["futex", "openat", "read"]);
  await page.getByRole("row", { name: /^openat/ }).press("Enter");
  await page.getByRole("img", { name: /^Latency of openat/ }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("read");
  assert.deepEqual(await names(), ["read"]);
});

test("the flame graph has boxes as wide as their share, of one process or all", async () => {
  await using opened = await open({ hash: "#/flame?last=60" });
  const { page } = opened;
  const box = (name: string) => page.getByRole("treeitem", { name: `${name}, ` });
  await box("Tree::walk()").waitFor();
  const widthOf = async (name: string) => (await box(name).boundingBox())?.width ?? 0;
  const whole = await widthOf("all processes");
  assert.ok(Math.abs((await widthOf("api (42)")) - (whole * 4) / 7) < 2);
  assert.ok(Math.abs((await widthOf("Tree::walk()")) - (whole * 3) / 7) < 2);
  await shows(page.locator(".about"), "21 samples at 99 Hz on 2 CPUs in 30.0 s, 11:06:10 to 11:07:10");
  await page.getByLabel("Process", { exact: true }).selectOption("api (42) · 57.1%");
  await page.waitForURL(/process=42/);
  await box("sh (7)").waitFor({ state: "detached" });
  assert.equal(await box("api (42)").count(), 1);
  await page.getByLabel("Search functions and modules").fill("walk");
  await shows(page.locator(".matched"), "75.0% matched");
  await page.getByRole("button", { name: "Off CPU" }).click();
  await page.getByText("9 waits in 30.0 s").waitFor();
  assert.deepEqual(opened.incidents, []);
});

test("two spans are compared: what grew, what shrank, what is new", async () => {
  const before = profile([
    sample(api, 6, frame("steady")),
    sample(api, 2, frame("grows")),
    sample(api, 2, frame("old")),
  ]);
  const now = profile([sample(api, 6, frame("steady")), sample(api, 4, frame("grows")), sample(api, 1, frame("new"))]);
  const times = `from=${FIRST_ROUND_MS + ROUND_MS}&to=${FIRST_ROUND_MS + 2 * ROUND_MS}`;
  await using opened = await open({
    rounds: [round(0, { cpu: before }), round(1, { cpu: now })],
    hash: `#/flame?${times}&compare=before`,
  });
  const { page } = opened;
  const expected: readonly (readonly [name: string, change: string, color: RegExp])[] = [
    ["steady", "the same", /delta-0/],
    ["grows", "+100%", /delta-1/],
    ["old", "gone", /delta--4/],
    ["new", "new", /delta-4/],
  ];
  for (const [name, change, color] of expected) {
    const found = page.getByRole("treeitem", { name: new RegExp(`^${name}, .*, ${change.replace("+", "\\+")}$`) });
    await found.waitFor();
    assert.match((await found.getAttribute("class")) ?? "", color);
  }
  await page.getByRole("treeitem", { name: "grows, " }).hover();
  await shows(page.locator("#page .tooltip .numbers"), "4 samples (36.4%), before 2 samples (20.0%) · +100%");
  await page.getByLabel("Compare with").selectOption("no comparison");
  await page.locator(".flame .native").first().waitFor();
  assert.deepEqual(opened.incidents, []);
});

test("a graph that somebody looks at stands still until they look away", async () => {
  await using opened = await open({ hash: "#/flame?last=60" });
  const { page, history } = opened;
  const about = page.locator(".about");
  await page.getByRole("treeitem", { name: "main, " }).first().click();
  history.read(round(3));
  await page.getByText("newer data waits while you look").waitFor();
  assert.match((await about.textContent()) ?? "", /^21 samples/);
  await page.keyboard.press("Escape");
  await page.mouse.move(600, 10);
  await page.getByRole("button", { name: "Root at the bottom" }).focus();
  await page.getByText("28 samples").waitFor();
});

test("processes: a tree of what runs, and a log of what happened", async () => {
  await using opened = await open({ hash: "#/processes?last=60" });
  const { page } = opened;
  const log = await cells(page, "Process log");
  assert.equal(log.length, 9);
  assert.deepEqual(log.slice(0, 3), [
    ["11:07:01", "exit 2", "ls 4243", "after 5.0 ms, 2.0 ms of CPU (40.0%), 3.00 MB at most"],
    ["11:07:01", "runs", "ls 4243", 'ls -l "no such file"'],
    ["11:07:01", "started", "sh 4243", "by 7"],
  ]);
  await page.getByLabel("Filter by name or PID").fill(String(process.pid));
  const tree = await cells(page, "Process tree");
  assert.equal(tree.at(-1)?.[1], String(process.pid));
  assert.equal(tree[0]?.[1], "1");
  await page
    .getByRole("button", { name: /^Children of/ })
    .first()
    .click();
  assert.deepEqual((await cells(page, "Process tree")).length, 1);
  assert.deepEqual(opened.incidents, []);
});

test("files: what was read and written, and by whom", async () => {
  await using opened = await open({ hash: "#/files?last=60" });
  const { page } = opened;
  assert.deepEqual((await cells(page, "Files")).sort(), [
    ["/etc/passwd", "sh 7", "ext4", "3", "30", "123 kB", "", "", "300 µs", "6"],
    ["/var/lib/app/data.db", "api 42", "ext4", "3", "30", "123 kB", "", "", "300 µs", ""],
  ]);
  await shows(page.locator(".sums"), "2 files · read 246 kB · written 0 B");
  assert.deepEqual(opened.incidents, []);
});

test("network: requests, who calls whom, connections, names and packets", async () => {
  await using opened = await open({ hash: "#/network?last=60" });
  const { page } = opened;
  assert.deepEqual(await cells(page, "Requests"), [
    ["api", "served", "GET /users/{id}", "200", "60", "2", "", "1.0 ms", "1.0 ms", "1.0 ms", "1.0 ms"],
    ["sh", "sentTLS", "GET /users/{id}", "404", "21", "0.70", "21", "1.0 ms", "1.0 ms", "1.0 ms", "1.0 ms"],
    ["api", "served", "a.B/C", "gRPC 0", "9", "0.30", "", "", "", "", ""],
  ]);
  assert.equal(await page.locator(".sums").textContent(), "90 requests, 3/s · 21 failed (23.3%)");
  await page.getByLabel("Filter by service, route or address").fill("a.b");
  assert.equal((await cells(page, "Requests")).length, 1);
  await page.getByLabel("Filter by service, route or address").fill("");
  await page.getByRole("button", { name: "Service map" }).click();
  assert.deepEqual(await cells(page, "Service map"), [
    ["sh", "→ api 127.0.0.1:8080", "21", "0.70", "21", "1.0 ms", "1.0 ms", "3", "3.00 kB", "6.00 kB"],
    ["10.0.0.7", "→ api api:8080", "", "", "", "", "", "6", "", "300 B"],
  ]);
  await page.getByRole("button", { name: "Peers" }).click();
  assert.deepEqual(await cells(page, "Peers"), [
    ["sh 7", "client", "127.0.0.1:8080 api", "3", "3", "200 µs", "3.00 kB", "6.00 kB", "3"],
    ["api 42", "server", "10.0.0.7 at 8080", "6", "", "", "300 B", "", ""],
  ]);
  await page.getByRole("button", { name: "DNS" }).click();
  assert.deepEqual(await cells(page, "DNS queries"), [["sh 7", "api.test", "A", "NXDOMAIN", "6", "1.0 ms", "1.0 ms"]]);
  await page.getByRole("button", { name: "Packets" }).click();
  assert.deepEqual(await cells(page, "Interfaces"), [["eth0", "receive", "30", "1", "3.00 kB"]]);
  assert.deepEqual(await cells(page, "Packets thrown away"), [["NO_SOCKET", "ipv4 udp", "6"]]);
  assert.deepEqual(opened.incidents, []);
});

test("service map: boxes and lines, walked by keyboard, and what a box has to do with", async () => {
  await using opened = await open({ hash: "#/network?last=60&part=map" });
  const { page } = opened;
  const map = page.getByRole("group", { name: "Service map: 3 nodes, 2 lines" });
  await map.waitFor();
  const box = (name: string) => map.getByRole("button", { name });
  assert.equal(
    await box("api").getAttribute("aria-label"),
    "api: answers 2.3/s; 99 of 100 took 1.0 ms at most; called by 2",
  );
  assert.deepEqual((await map.locator(".label text").allTextContents()).sort(), [
    "0.70/s · 1.0 ms",
    "10 B/s",
    "100% failed",
  ]);
  const place = async (name: string) => (await box(name).boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const [left, right] = [await place("sh"), await place("api")];
  assert.ok(left.x + left.width < right.x);

  // One stop for the tab key, from which the arrows lead on.
  assert.equal(await map.locator("[tabindex='0']").count(), 1);
  await map.locator("[tabindex='0']").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await box("api").evaluate((element) => element === element.ownerDocument.activeElement), true);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  await shows(page.locator(".map-note"), "sh: calls 1");
  await page.keyboard.press("Enter");
  await page.waitForURL(/node=/);
  assert.deepEqual(
    (await cells(page, "Service map")).map(([from]) => from),
    ["sh"],
  );
  assert.equal(await box("sh").getAttribute("aria-pressed"), "true");
  await page.keyboard.press("Escape");
  await page.getByRole("cell", { name: "10.0.0.7", exact: true }).waitFor();
  await map.locator(".line").last().hover({ force: true });
  await page
    .getByText(/^(sh|10\.0\.0\.7) → api: /)
    .first()
    .waitFor({ state: "attached" });
  assert.deepEqual(opened.incidents, []);
});

test("service map: of very many services the busiest, and how many are left out", async () => {
  const services = Array.from({ length: 60 }, (_, index) => ({ pid: 100 + index, name: `service-${index}` }));
  const network = networkRound({
    durationNs: ROUND_MS * 1e6,
    requests: requestReport({
      requests: services.map((process, index) =>
        requests(1000 - index, {
          process,
          side: "client",
          peer: { address: "127.0.0.1", port: 8000 + Math.floor(index / 7) },
        }),
      ),
    }),
    connections: connectionReport({
      listeners: services.map(({ pid, name }, index) => ({
        transport: "tcp",
        local: { address: "127.0.0.1", port: 8000 + index },
        pid,
        process: name,
        networkNamespace: 1,
        capacity: 1,
      })),
    }),
  });
  for (const width of [1280, 420]) {
    await using opened = await open({ rounds: [round(0, { network })], hash: "#/network?last=60&part=map", width });
    const { page, history } = opened;
    await page.getByRole("group", { name: /^Service map: 40 nodes/ }).waitFor();
    await page.getByText("20 nodes with less traffic left out; filter to see them.").waitFor();
    // A box that one is at is not lost when a round comes.
    await page.locator(".box[tabindex='0']").focus();
    history.read(round(1, { network }));
    await page.getByText("live · 11:07:00").waitFor({ state: "attached" });
    assert.equal(await page.locator(".box:focus").count(), 1);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
    await page.getByLabel("Filter by service, route or address").fill("service-59");
    await page.getByRole("group", { name: /^Service map: 2 nodes, 1 line/ }).waitFor();
    assert.deepEqual(opened.incidents, []);
  }
});

test("connections: those that there are now, what they carry, in any order", async () => {
  const connection = (index: number, changes: Partial<LiveConnection> = {}): LiveConnection => ({
    id: index,
    transport: "tcp",
    role: "client",
    pid: 7,
    process: "sh",
    local: { address: "127.0.0.1", port: 40_000 + index },
    peer: { address: "127.0.0.1", port: 8080 },
    networkNamespace: 1,
    existed: true,
    state: "ESTAB",
    traffic: traffic({ sentBytes: 1000 * index, receivedBytes: 500, roundTripUs: 1000 - index, retransmits: index }),
    ...changes,
  });
  const { traffic: _, local: __, peer: ___, ...unix } = connection(3, { transport: "unix", path: "/run/bus" });
  const rounds = [0, 1].map((index) =>
    round(index, {
      network: networkRound({
        connections: connectionReport({
          connections: [
            connection(1),
            connection(2, {
              traffic: traffic({ sentBytes: 2000 + 50_000 * index, receivedBytes: 500, roundTripUs: 998 }),
            }),
            unix,
            ...Array.from({ length: 600 }, (_, more) => connection(10 + more, { pid: 42, process: "api" })),
          ],
        }),
      }),
    }),
  );
  let next = 0;
  const takeRound = async (history: History) => {
    const given = rounds[next++];
    if (given !== undefined) history.read(given);
  };
  await using opened = await open({
    rounds: [round(-1)],
    hash: "#/network?last=60&part=connections&process=7",
    takeRound,
  });
  const { page, history } = opened;
  await page.getByText("3 ends of connections at 11:06:50, whatever time is chosen above").waitFor();
  assert.deepEqual(await cells(page, "Connections"), [
    ["sh 7", "127.0.0.1:40002", "→ 127.0.0.1:8080", "ESTAB", "", "", "", "2.00 kB", "500 B", "998 µs", ""],
    ["sh 7", "127.0.0.1:40001", "→ 127.0.0.1:8080", "ESTAB", "", "", "", "1.00 kB", "500 B", "999 µs", "1"],
    ["sh 7", "unix", "→ /run/bus", "ESTAB", "", "", "", "", "", "", ""],
  ]);
  await takeRound(history);
  await page.getByRole("cell", { name: "5.00 kB/s" }).waitFor();
  await page.getByRole("button", { name: "RTT" }).click();
  assert.deepEqual(
    (await cells(page, "Connections")).map(([, local]) => local),
    ["127.0.0.1:40001", "127.0.0.1:40002", "unix"],
  );
  await page.getByLabel("Process", { exact: true }).selectOption("");
  await page.getByText("103 more, with less traffic, are left out: choose a process to see its own.").waitFor();
  assert.equal(await page.getByRole("table", { name: "Connections" }).locator("tbody tr").count(), 500);
  assert.deepEqual(opened.incidents, []);
});

test("health: states, rungs, losses, and what Skep holds", async () => {
  const reduced = round(1, {
    tracers: tracers({
      syscalls: {
        state: "reduced",
        reason: "above the CPU budget",
        samplingFactor: 10,
        sinceUnixMs: FIRST_ROUND_MS + 5000,
      },
      files: { state: "off", reason: "not permitted here", hint: "run it as root" },
    }),
    self: {
      ...round(1).self,
      exporters: [
        {
          signal: "metrics",
          endpoint: "http://collector:4318",
          deliveredItems: 1200,
          lostItems: { queueFull: 7 },
          waitingItems: 30,
          waitingBatches: 2,
          memoryBytes: 4096,
          spoolBytes: 0,
          problem: "connection refused",
        },
      ],
    },
  });
  assert.ok(reduced.cpu);
  const tls: TlsReport = {
    files: [
      { path: "/usr/bin/node", library: "OpenSSL", state: "attached", pid: 42, functions: ["SSL_read"] },
      { path: "/opt/a", library: "GnuTLS", state: "failed", problem: "not permitted", functions: [] },
    ],
    hits: 12_000,
    sessions: 3,
    sessionsKnown: 2,
    conflicts: 0,
    callsLost: 0,
    tooBusy: 0,
  };
  const lossy = {
    ...reduced,
    cpu: { ...reduced.cpu, lost: { ...reduced.cpu.lost, stacksFull: 12 } },
    network: networkRound({ tls }),
  };
  await using opened = await open({ rounds: [round(0), lossy], hash: "#/health?last=60" });
  const { page } = opened;
  const [cpu, , syscalls, , files] = await cells(page, "Tracers");
  assert.deepEqual(cpu, [
    "cpu",
    "on since 11:06:40",
    "cpu-clock",
    "1,000",
    "998",
    "2",
    "800 kB",
    "lost: stacks full 12",
  ]);
  assert.equal(syscalls?.[1], "reduced1 in 10 since 11:06:45");
  assert.deepEqual([files?.[1], files?.[7]], ["off since 11:06:40", "not permitted here; run it as root"]);
  assert.deepEqual(await cells(page, "Exporters"), [
    [
      "metrics",
      "http://collector:4318",
      "1,200",
      "30",
      "4.10 kB",
      "0 B",
      "7",
      "connection refused · lost: queue full 7",
    ],
  ]);
  assert.deepEqual(await cells(page, "TLS libraries"), [
    ["failed", "GnuTLS", "/opt/a", "not permitted", ""],
    ["read", "OpenSSL", "/usr/bin/node", "", "42"],
  ]);
  await page.getByText("3 sessions, of 2 the connection is known; 12.0k calls looked at").waitFor();
  assert.match((await page.locator(".facts").last().textContent()) ?? "", /Memory.* of 6\.00 MB/);
  // The views that it concerns say it too.
  await page.getByRole("link", { name: "Files" }).click();
  await page.getByText("The files tracer is off since 11:06:40: not permitted here; run it as root.").waitFor();
  await page.getByRole("link", { name: "Flame graph" }).click();
  await page.getByText("12 lost in this time (stacks full 12).").waitFor();
  await page.getByRole("link", { name: "System calls" }).click();
  await page
    .getByText("The syscalls tracer is reduced since 11:06:45, 1 in 10 is seen: above the CPU budget.")
    .waitFor();
  await shows(page.locator("nav .badge"), "2 tracers are off or reduced");
});

test("an empty view says why it is empty", async () => {
  {
    await using opened = await open({ rounds: [] });
    await opened.page.getByText("The first round is still being measured.").waitFor();
  }
  const {
    syscalls: _,
    files: __,
    ...without
  } = round(0, {
    tracers: tracers({ syscalls: { state: "off", reason: "not configured" } }),
    cpu: profile([]),
  });
  await using opened = await open({ rounds: [without], hash: "#/syscalls?last=60" });
  await opened.page.getByText("Nothing is known: the syscalls tracer is off.").waitFor();
  await opened.page.getByRole("link", { name: "Flame graph" }).click();
  await opened.page.getByText("Nothing ran on a CPU in 10 seconds.").waitFor();
});

test("an agent that goes away is said, and one that was started again asks for its token", async () => {
  await using opened = await open();
  const { page, server } = opened;
  await page.getByText("live · 11:07:10").waitFor();
  const port = Number(new URL(server.origin).port);
  await server[Symbol.asyncDispose]();
  await page.getByText("no answer since 11:07:10").waitFor();
  await using again = await PageServer.start({
    history: new History(),
    version: "0.1.0",
    takeRound: async () => undefined,
    port,
  });
  assert.ok(again.origin);
  await page.getByText("Skep was started again: open the address that it printed.").waitFor();
});

test("names are text, whatever they contain", async () => {
  const hostile = '</script><img src=x onerror="document.title = 1">';
  await using opened = await open({
    rounds: [round(0, { cpu: profile([sample({ pid: 42, name: hostile }, 1, frame(hostile))]) })],
    hash: "#/flame?last=60",
  });
  const { page } = opened;
  await page.getByRole("treeitem", { name: `${hostile}, ` }).waitFor();
  assert.equal(await page.locator("img:not([role])").count(), 0);
  assert.deepEqual(opened.incidents, []);
});

test("colors are the system's until the switch says otherwise, and then stay", async () => {
  const lightness = async (page: Page) => {
    const ground = await page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
    return Math.max(...(ground.match(/\d+/g) ?? []).map(Number));
  };
  await using opened = await open({ colorScheme: "dark" });
  const { page } = opened;
  assert.ok((await lightness(page)) < 60);
  await page.getByRole("button", { name: "Use light colors" }).click();
  assert.ok((await lightness(page)) > 200);
  await page.reload();
  await page.getByRole("button", { name: "Use dark colors" }).waitFor();
  assert.ok((await lightness(page)) > 200);
});

for (const width of [1280, 800]) {
  test(`nothing is wider than a window of ${width} pixels, and nothing moves when a round comes`, async () => {
    for (const view of ["overview", "flame", "syscalls", "processes", "files", "network", "health"]) {
      await using opened = await open({ width, hash: `#/${view}?last=60` });
      const { page, history } = opened;
      await page.getByText("live · 11:07:10").waitFor();
      await page.getByText("Loading").first().waitFor({ state: "detached" });
      const measure = () =>
        page.evaluate<{ wide: number; tops: number[] }>(`({
          wide: document.documentElement.scrollWidth - innerWidth,
          tops: [...document.querySelectorAll("main section, .toolbar, .table-frame, h2")].map((e) => Math.round(e.getBoundingClientRect().top)),
        })`);
      const before = await measure();
      assert.ok(before.wide <= 0, `${view} is ${before.wide} pixels too wide`);
      history.read(round(3));
      await page.getByText("live · 11:07:20").waitFor();
      const after = await measure();
      if (view !== "processes") assert.deepEqual(after.tops, before.tops, view);
    }
  });
}

test("on a telephone nothing is wider than the window, and the view one is at is in sight", async () => {
  const parts = ["requests", "map", "connections", "peers", "dns", "packets"].map((part) => `network?part=${part}`);
  for (const view of ["overview", "flame", "syscalls", "processes", "files", "health", ...parts]) {
    await using opened = await open({ width: 420, hash: `#/${view}${view.includes("?") ? "&" : "?"}last=60` });
    const { page } = opened;
    await page.getByText("live · 11:07:10").waitFor({ state: "attached" });
    await page.getByText("Loading").first().waitFor({ state: "detached" });
    const measured = await page.evaluate<{ wide: number; left: number; right: number }>(`(() => {
      const { left, right } = document.querySelector("nav [aria-current]").getBoundingClientRect();
      return { wide: document.documentElement.scrollWidth - innerWidth, left, right: innerWidth - right };
    })()`);
    assert.ok(measured.wide <= 0, `${view} is ${measured.wide} pixels too wide`);
    assert.ok(measured.left >= 0 && measured.right >= 0, `${view}: ${JSON.stringify(measured)}`);
  }
});

/** node:test counts no lines that run in a browser. Half of the script are Preact and uPlot, with much that we don't use. */
test("together these tests run at least 70 % of the page's script", (t) => {
  t.diagnostic(`${(100 * coverage.share).toFixed(1)} % of the page's script ran`);
  assert.ok(coverage.share >= 0.7);
});
