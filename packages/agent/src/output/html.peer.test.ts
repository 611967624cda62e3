import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { PageCoverage } from "../testing/page-coverage.ts";
import { smallReport } from "../testing/small-report.ts";
import { syntheticReport } from "../testing/synthetic-report.ts";
import { encodeHtml } from "./html.ts";
import type { ProfileReport } from "./report.ts";

/** The page as a reader has it: from a file, in the browser of Debian. */

let browser: Browser;
let folder: string;
const coverage = new PageCoverage();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "skep-page-"));
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
  await rm(folder, { recursive: true, force: true });
});

interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Boxes by the text a screen reader says, which begins with the name. */
  readonly box: (name: string) => Locator;
  /** Every request but the one for the page, and every complaint of the browser. */
  readonly incidents: readonly string[];
}

async function open(report: ProfileReport, colorScheme: "light" | "dark" = "light"): Promise<OpenPage> {
  const path = join(folder, "profile.html");
  await writeFile(path, encodeHtml(report, { hostName: "web-03" }));
  const context = await browser.newContext({
    viewport: { width: 1040, height: 800 },
    colorScheme,
    reducedMotion: "reduce",
    timezoneId: "UTC",
  });
  const page = await context.newPage();
  const incidents: string[] = [];
  const url = pathToFileURL(path).href;
  page.on("request", (request) => request.url() === url || incidents.push(`request for ${request.url()}`));
  page.on("pageerror", (error) => incidents.push(error.message));
  page.on("console", (message) => incidents.push(message.text()));
  await coverage.start(page);
  await page.goto(url);
  return {
    page,
    incidents,
    box: (name) => page.getByRole("treeitem", { name: `${name}, ` }),
    [Symbol.asyncDispose]: async () => {
      await coverage.stop(page);
      await context.close();
    },
  };
}

async function widthOf(box: Locator): Promise<number> {
  return (await box.boundingBox())?.width ?? 0;
}

test("the page says what it shows, and asks nobody for anything", async () => {
  await using opened = await open(smallReport({ subject: "process 42", lost: { "stacks-full": 12 } }));
  const { page } = opened;
  assert.equal(await page.title(), "CPU time of process 42 · web-03");
  assert.equal(await page.locator("h1").textContent(), "CPU time of process 42");
  assert.equal(await page.locator("#circumstances").textContent(), "web-03 · 18 November 2026 at 11:06:40 UTC");
  assert.equal(
    await page.locator("#measurement").textContent(),
    "10 samples · 99 Hz on 2 CPUs for 10.0 s · 12 lost (stacks-full 12)",
  );
  assert.deepEqual(await page.locator("#legend li").allTextContents(), [
    "Kernel",
    "C and assembly",
    "C++ and Rust",
    "JIT",
    "No symbol",
  ]);
  assert.deepEqual(opened.incidents, []);
});

test("boxes are as wide as their share", async () => {
  await using opened = await open(smallReport());
  const { box } = opened;
  const expected: readonly (readonly [string, number])[] = [
    ["all processes", 1000],
    ["api (42)", 700],
    ["main", 600],
    ["app+0x6001", 100],
    ["copy_user_generic", 200],
  ];
  // One pixel of each is the gap to its neighbour.
  for (const [name, width] of expected) assert.equal(Math.round(await widthOf(box(name))), width - 1, name);
});

test("a search highlights the matches and says their share", async () => {
  await using opened = await open(smallReport());
  const { page, box } = opened;
  const search = page.getByLabel("Search functions and modules");
  await search.fill("memcpy");
  assert.equal(await page.locator("#matched").textContent(), "40.0% matched");
  assert.deepEqual(await page.locator(".box.match").allTextContents(), ["memcpy", "memcpy"]);

  await search.fill("[KERNEL]");
  assert.equal(await page.locator("#matched").textContent(), "20.0% matched");
  await search.press("Enter");
  assert.ok(await box("copy_user_generic").and(page.locator(":focus")).isVisible());

  await search.fill("no such function");
  assert.equal(await page.locator("#matched").textContent(), "no match");
  assert.equal(await page.locator(".box.match").count(), 0);

  await search.press("Escape");
  assert.equal(await search.inputValue(), "");
  assert.equal(await page.locator("#matched").textContent(), "");
  assert.equal(await page.locator(".searching").count(), 0);
});

test("a click zooms in, the button and Escape zoom out again", async () => {
  await using opened = await open(smallReport());
  const { page, box } = opened;
  const reset = page.getByRole("button", { name: "Reset zoom" });
  assert.ok(await reset.isDisabled());

  await box("main").click();
  assert.equal(Math.round(await widthOf(box("main"))), 999);
  assert.equal(Math.round(await widthOf(box("JS:*sum /srv/sum.js:7:1"))), Math.round(1000 / 6) - 1);
  assert.equal(await box("sh (7)").count(), 0);
  assert.match((await box("api (42)").getAttribute("class")) ?? "", /\bancestor\b/);

  await reset.click();
  assert.equal(Math.round(await widthOf(box("main"))), 599);
  assert.ok(await reset.isDisabled());

  await box("main").click();
  await page.keyboard.press("Escape");
  assert.equal(Math.round(await widthOf(box("main"))), 599);
});

test("the tooltip has the whole name, module and counts", async () => {
  await using opened = await open(smallReport());
  const { page, box } = opened;
  const tooltip = page.getByRole("tooltip");
  assert.ok(await tooltip.isHidden());
  await box("Tree::walk(Node const*)").first().hover();
  assert.deepEqual(await tooltip.locator("p").allTextContents(), [
    "Tree::walk(Node const*)",
    "app · C++ and Rust",
    "5 samples · 50.0%",
  ]);
  await box("app+0x6001").hover();
  assert.deepEqual(await tooltip.locator("p").allTextContents(), [
    "app+0x6001",
    "app · No symbol",
    "1 sample · 10.0%",
    "itself 1 sample · 10.0%",
  ]);
  await page.mouse.move(10, 10);
  assert.ok(await tooltip.isHidden());
});

test("off-CPU the counts are durations", async () => {
  await using opened = await open(smallReport({ mode: "off-cpu" }));
  await opened.box("copy_user_generic").hover();
  assert.match((await opened.page.getByRole("tooltip").textContent()) ?? "", /40 ms · 20\.0%/);
});

test("everything works from the keyboard", async () => {
  await using opened = await open(smallReport());
  const { page, box } = opened;
  const focused = () => page.locator(":focus").getAttribute("aria-label");

  await page.keyboard.press("/");
  assert.equal(await page.locator(":focus").getAttribute("id"), "search");
  await page.keyboard.type("a/b");
  assert.equal(await page.locator("#search").inputValue(), "a/b");
  await page.keyboard.press("Escape");

  // Past the choice of processes and the orientation; the reset button is off.
  for (const _ of ["process", "orientation", "graph"]) await page.keyboard.press("Tab");
  assert.equal(await focused(), "all processes, 100%");
  assert.match((await page.getByRole("tooltip").textContent()) ?? "", /10 samples · 100%/);

  const steps: readonly (readonly [string, string])[] = [
    ["ArrowDown", "api (42), 70.0%"],
    ["ArrowRight", "sh (7), 30.0%"],
    ["ArrowRight", "sh (7), 30.0%"],
    ["ArrowLeft", "api (42), 70.0%"],
    ["ArrowDown", "main, 60.0%"],
    ["ArrowRight", "app+0x6001, 10.0%"],
    ["ArrowUp", "api (42), 70.0%"],
    ["Enter", "api (42), 70.0%"],
  ];
  for (const [key, expected] of steps) {
    await page.keyboard.press(key);
    assert.equal(await focused(), expected, key);
  }
  assert.equal(Math.round(await widthOf(box("api (42)"))), 999);
  await page.keyboard.press("Escape");
  assert.equal(Math.round(await widthOf(box("api (42)"))), 699);
  assert.equal(await focused(), "api (42), 70.0%");
  assert.equal(await page.locator('.box[tabindex="0"]').count(), 1);
});

test("one process can be shown alone", async () => {
  await using opened = await open(smallReport());
  const { page, box } = opened;
  const select = page.getByLabel("Process", { exact: true });
  assert.deepEqual(await select.locator("option").allTextContents(), [
    "all processes (2)",
    "api (42) · 70.0%",
    "sh (7) · 30.0%",
  ]);
  await page.locator("#search").fill("memcpy");
  await select.selectOption("sh (7) · 30.0%");
  assert.equal(Math.round(await widthOf(box("sh (7)"))), 999);
  assert.equal(await box("api (42)").count(), 0);
  assert.equal(await page.locator("#matched").textContent(), "66.7% matched");
  await select.selectOption("all processes (2)");
  assert.equal(Math.round(await widthOf(box("sh (7)"))), 299);
});

test("the root can be at the bottom", async () => {
  await using opened = await open(smallReport());
  const { page, box } = opened;
  const top = async (name: string) => (await box(name).boundingBox())?.y ?? 0;
  assert.ok((await top("all processes")) < (await top("main")));
  await page.getByRole("button", { name: "Root at the bottom" }).click();
  assert.ok((await top("all processes")) > (await top("main")));
  await box("all processes").focus();
  await page.keyboard.press("ArrowUp");
  assert.ok(await box("api (42)").and(page.locator(":focus")).isVisible());
  await page.getByRole("button", { name: "Root at the top" }).click();
  assert.ok((await top("all processes")) < (await top("main")));
});

test("a screen reader hears a tree", async () => {
  await using opened = await open(smallReport());
  assert.equal(await opened.page.getByRole("tree", { name: "Call tree" }).count(), 1);
  assert.equal(await opened.box("main").getAttribute("aria-level"), "3");
  assert.equal(await opened.page.getByRole("status").count(), 1);
});

test("it is dark for those who like it dark", async () => {
  const lightness = async (scheme: "light" | "dark") => {
    await using opened = await open(smallReport(), scheme);
    const ground = await opened.page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
    return Math.max(...(ground.match(/\d+/g) ?? []).map(Number));
  };
  assert.ok((await lightness("light")) > 200);
  assert.ok((await lightness("dark")) < 60);
});

test("names are text, whatever they contain", async () => {
  const hostile = '</script><script>document.title = "owned"</script><img src=x onerror="document.title = 1">';
  const [sample] = smallReport().samples;
  const [frame] = sample?.stack ?? [];
  assert.ok(sample && frame);
  await using opened = await open(
    smallReport({
      subject: hostile,
      samples: [
        {
          ...sample,
          stack: [{ ...frame, name: hostile, mapping: { ...frame.mapping, name: hostile } }],
          process: { pid: 1, name: hostile },
        },
      ],
    }),
  );
  const { page } = opened;
  assert.equal(await page.title(), `CPU time of ${hostile} · web-03`);
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.locator(".box").nth(2).textContent(), hostile);
  await page.locator(".box").nth(2).hover();
  assert.equal(await page.locator("#tooltip .name").textContent(), hostile);
  assert.deepEqual(opened.incidents, []);
});

test("a profile of more than ten thousand functions has no more boxes than fit", async () => {
  await using opened = await open(syntheticReport({ sampleCount: 60_000, extraFunctions: 3000 }));
  const { page, box } = opened;
  const data = JSON.parse((await page.locator("#profile").textContent()) ?? "");
  const functions = data.frames.length / 3;
  assert.ok(functions > 10_000, `${functions} functions`);
  const boxes = await page.locator(".box").count();
  assert.ok(boxes < 5000, `${boxes} boxes`);

  const merged = page.locator(".box.merged").first();
  assert.match((await merged.getAttribute("aria-label")) ?? "", /^[\d,]+ narrower functions, /);
  await merged.click({ force: true });
  assert.ok(await page.getByRole("button", { name: "Reset zoom" }).isEnabled());
  await page.keyboard.press("Escape");
  assert.equal(Math.round(await widthOf(box("all processes"))), 999);
  assert.deepEqual(opened.incidents, []);
});

test("a profile without samples says so", async () => {
  await using opened = await open(smallReport({ samples: [], sampleCount: 0 }));
  assert.equal(await opened.page.locator("#empty").textContent(), "Nothing ran on a CPU.");
  assert.ok(await opened.page.locator("#empty").isVisible());
  assert.deepEqual(opened.incidents, []);
});

/** node:test counts no lines that run in a browser. */
test("together these tests run at least 85 % of the page's script", (t) => {
  t.diagnostic(`${(100 * coverage.share).toFixed(1)} % of the page's script ran`);
  assert.ok(coverage.share >= 0.85);
});
