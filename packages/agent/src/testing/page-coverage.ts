import type { Page } from "playwright-core";

/** The part of {@link https://v8.dev/blog/javascript-code-coverage V8's block coverage} that is used here. */
interface ScriptCoverage {
  readonly source?: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

/** How much of a page's script ran, over all the visits to it. */
export class PageCoverage {
  /** 1 for each character of the script that ran. */
  #ran: Uint8Array | undefined;

  async start(page: Page): Promise<void> {
    await page.coverage.startJSCoverage();
  }

  async stop(page: Page): Promise<void> {
    for (const script of await page.coverage.stopJSCoverage()) this.#add(script);
  }

  /** From 0 to 1. The script is minified, so that characters are a fair measure of code. */
  get share(): number {
    if (this.#ran === undefined) return 0;
    return this.#ran.reduce((sum, ran) => sum + ran, 0) / this.#ran.length;
  }

  #add({ source, functions }: ScriptCoverage): void {
    if (source === undefined) return;
    this.#ran ??= new Uint8Array(source.length);
    if (source.length !== this.#ran.length) throw new Error("the visits were to pages with different scripts");
    const ranNow = new Uint8Array(source.length);
    // Inner ranges come after the outer ones that they are exceptions to.
    const ranges = functions
      .flatMap((scope) => scope.ranges)
      .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    for (const { startOffset, endOffset, count } of ranges) ranNow.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    for (const [index, ran] of ranNow.entries()) if (ran === 1) this.#ran[index] = 1;
  }
}
