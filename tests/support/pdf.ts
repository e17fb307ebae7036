// Reads a PDF back as a reader's program would: pdf.js in a real browser.
import { Buffer } from "node:buffer";
import type { Browser } from "playwright-core";

export interface ReadPdf {
  title: string;
  author: string;
  /** Pieces of text in the order they stand in the file, page by page. */
  pages: string[][];
  links: string[];
  /** The share of each page that is not white when it is drawn. */
  ink: number[];
}

const LIBRARY = new URL("../../node_modules/pdfjs-dist/legacy/build/", import.meta.url);
const SITE = "http://pdf.test";

export async function readPdf(browser: Browser, file: Uint8Array): Promise<ReadPdf> {
  const page = await browser.newPage();
  try {
    await page.route(`${SITE}/**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      if (name === "") return await route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
      if (name === "file.pdf") {
        return await route.fulfill({ contentType: "application/pdf", body: Buffer.from(file) });
      }
      const body = await Deno.readTextFile(new URL(name, LIBRARY));
      return await route.fulfill({ contentType: "text/javascript", body });
    });
    await page.goto(`${SITE}/`);
    return await page.evaluate(READ) as ReadPdf;
  } finally {
    await page.close();
  }
}

/** Runs in the browser, where pdf.js has everything it needs to draw. */
const READ = `(async () => {
  const pdfjs = await import("${SITE}/pdf.mjs");
  pdfjs.GlobalWorkerOptions.workerSrc = "${SITE}/pdf.worker.mjs";
  const file = await pdfjs.getDocument({ url: "${SITE}/file.pdf" }).promise;
  const { info } = await file.getMetadata();
  const read = { title: info.Title, author: info.Author, pages: [], links: [], ink: [] };
  for (let number = 1; number <= file.numPages; number++) {
    const page = await file.getPage(number);
    const { items } = await page.getTextContent();
    read.pages.push(items.map(({ str }) => str).filter((text) => text.trim() !== ""));
    for (const { url } of await page.getAnnotations()) if (url) read.links.push(url);
    const viewport = page.getViewport({ scale: 1 });
    const canvas = new OffscreenCanvas(viewport.width, viewport.height);
    const canvasContext = canvas.getContext("2d");
    await page.render({ canvasContext, viewport, canvas: null }).promise;
    const pixels = canvasContext.getImageData(0, 0, canvas.width, canvas.height).data;
    let dark = 0;
    for (let at = 0; at < pixels.length; at += 4) if (pixels[at] < 128) dark++;
    read.ink.push(dark / (pixels.length / 4));
  }
  return read;
})()`;
