import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";
import { TARGETS } from "./build-targets.ts";

/**
 * Puts the script and the styles into the page, so that it is one file, and allows the page these two and nothing
 * else: no network, and no other script, whatever a name in the data may have slipped in.
 */
function singleFile(): Plugin {
  return {
    name: "single-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const page = Object.values(bundle).find((file) => file.fileName.endsWith(".html"));
      const code = Object.values(bundle).find((file) => file.type === "chunk");
      const styles = Object.values(bundle).find((file) => file.fileName.endsWith(".css"));
      if (page?.type !== "asset" || code?.type !== "chunk" || styles?.type !== "asset") {
        throw new Error(`expected a page, a script and its styles: ${Object.keys(bundle)}`);
      }
      const script = code.code.trim();
      const style = text(styles.source).trim();
      if (/<\/script/i.test(script)) throw new Error("the script would end its own element");
      const policy = `default-src 'none'; img-src data:; script-src ${hash(script)}; style-src ${hash(style)}`;
      page.source = text(page.source)
        .replace(/\s*<script type="module"[^>]*><\/script>/, "")
        .replace(/\s*<link rel="stylesheet"[^>]*>/, "")
        .replace("<head>", () => `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">`)
        .replace("</head>", () => `<style>${style}</style>\n</head>`)
        .replace("</body>", () => `<script type="module">${script}</script>\n</body>`);
      for (const file of [code, styles]) delete bundle[file.fileName];
    },
  };
}

function text(source: string | Uint8Array): string {
  return typeof source === "string" ? source : new TextDecoder().decode(source);
}

function hash(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}

export default defineConfig({
  plugins: [singleFile()],
  build: {
    target: TARGETS,
    // Beside the live page, which is built first and empties its own folder alone.
    emptyOutDir: false,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: { input: "flame-graph.html" },
  },
});
