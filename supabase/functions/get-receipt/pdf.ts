// The receipt as a PDF. The same receipt gives the same bytes: every date and id in the file is the receipt's own.
import { PDFDocument, type PDFFont, PDFHexString, type PDFPage, PDFString, rgb } from "@cantoo/pdf-lib";
// @ts-types="./fontkit.d.ts"
import * as fontkit from "fontkit";
import type { ReceiptDocument, Row } from "./document.ts";
import { MISSING, printable, visualRuns, wrap } from "./pdf_text.ts";

/** A4; what is printed stays within what Letter, shorter and wider, shows of it as well. */
const PAGE = { width: 595.28, height: 841.89 };
const LEFT = 56;
const RIGHT = PAGE.width - 56;
const TOP = PAGE.height - 64;
const BOTTOM = 88;
const FOOT = 56;
const AMOUNT_WIDTH = 110;
const QUANTITY_WIDTH = 60;

const INK = rgb(0.086, 0.125, 0.11);
const QUIET = rgb(0.35, 0.373, 0.361);
const LINE = rgb(0.85, 0.865, 0.86);
const ACCENT = rgb(0, 0.49, 0.31);

interface Faces {
  regular: PDFFont;
  bold: PDFFont;
}

interface Style {
  size?: number;
  bold?: boolean;
  color?: typeof INK;
}

export async function renderPdf(receipt: ReceiptDocument): Promise<Uint8Array> {
  const file = await PDFDocument.create({ updateMetadata: false });
  describe(file, receipt);
  const writer = new Writer(file, await embedFaces(file), receipt.title);
  writeHead(writer, receipt);
  writeItems(writer, receipt);
  writeReturns(writer, receipt);
  writeLinks(writer, receipt.links);
  writer.finish();
  return await file.save();
}

function describe(
  file: PDFDocument,
  { title, seller, issuedAt, id }: ReceiptDocument,
): void {
  file.setTitle(title, { showInWindowTitleBar: true });
  file.setAuthor(seller.name);
  file.setSubject("Receipt for call credit");
  file.setCreator("Talktime");
  file.setProducer("pdf-lib");
  file.setLanguage("en");
  file.setCreationDate(issuedAt);
  file.setModificationDate(issuedAt);
  const fileId = PDFHexString.of(id.replaceAll("-", ""));
  file.context.trailerInfo.ID = file.context.obj([fileId, fileId]);
}

// ---------------------------------------------------------------------------------------------------------------------
// Fonts
// ---------------------------------------------------------------------------------------------------------------------

let fontFiles: Promise<[Uint8Array, Uint8Array]> | undefined;

/** Read when the first PDF is asked for; they are deployed with the function (static_files in config.toml). */
function readFonts(): Promise<[Uint8Array, Uint8Array]> {
  const read = (name: string) => Deno.readFile(new URL(`./fonts/${name}`, import.meta.url));
  return fontFiles ??= Promise.all([
    read("DejaVuSans.ttf"),
    read("DejaVuSans-Bold.ttf"),
  ]);
}

async function embedFaces(file: PDFDocument): Promise<Faces> {
  file.registerFontkit(fontkit);
  const [regular, bold] = await readFonts();
  // Without names of our own the library would draw some at random. The six letters mark a subset, as PDF asks.
  return {
    regular: await file.embedFont(regular, {
      subset: true,
      customName: "TALKTR+DejaVuSans",
    }),
    bold: await file.embedFont(bold, {
      subset: true,
      customName: "TALKTB+DejaVuSans-Bold",
    }),
  };
}

// ---------------------------------------------------------------------------------------------------------------------
// Pages
// ---------------------------------------------------------------------------------------------------------------------

/** Writes from top to bottom and begins another page when one is full. */
class Writer {
  y = TOP;
  /** Whether something could not be drawn as it is. */
  isLacking = false;
  #pages: PDFPage[] = [];
  #coverage: { regular: Set<number>; bold: Set<number> };

  constructor(
    readonly file: PDFDocument,
    readonly faces: Faces,
    readonly title: string,
  ) {
    this.#coverage = {
      regular: new Set(faces.regular.getCharacterSet()),
      bold: new Set(faces.bold.getCharacterSet()),
    };
    this.#addPage();
  }

  get page(): PDFPage {
    return this.#pages.at(-1)!;
  }

  /** Sees to it that so much fits below; whether that needed another page. */
  reserve(height: number): boolean {
    if (this.y - height >= BOTTOM) return false;
    this.#addPage();
    return true;
  }

  #addPage(): void {
    this.#pages.push(this.file.addPage([PAGE.width, PAGE.height]));
    this.y = TOP;
  }

  /** The text in lines no wider than this. */
  lines(text: string, width: number, style: Style = {}): string[] {
    const drawable = printable(
      text,
      this.#coverage[style.bold ? "bold" : "regular"],
    );
    if (drawable.includes(MISSING)) this.isLacking = true;
    return wrap(drawable, width, (line) => this.width(line, style));
  }

  width(line: string, style: Style): number {
    return visualRuns(line).reduce(
      (sum, run) => sum + this.#runWidth(run, style),
      0,
    );
  }

  #runWidth(run: string, { size = 10, bold = false }: Style): number {
    return this.faces[bold ? "bold" : "regular"].widthOfTextAtSize(run, size);
  }

  /** One line of what `lines` made, from x to the right or, given an end, up to there. */
  draw(
    line: string,
    at: { x: number } | { end: number },
    style: Style = {},
    y = this.y,
  ): void {
    const { size = 10, bold = false, color = INK } = style;
    const font = this.faces[bold ? "bold" : "regular"];
    let x = "x" in at ? at.x : at.end - this.width(line, style);
    for (const run of visualRuns(line)) {
      this.page.drawText(run, { x, y, size, font, color });
      x += this.#runWidth(run, style);
    }
  }

  rule(color = LINE, thickness = 0.75): void {
    this.page.drawLine({
      start: { x: LEFT, y: this.y },
      end: { x: RIGHT, y: this.y },
      thickness,
      color,
    });
  }

  link(url: string, lines: number, size: number): void {
    const { context } = this.file;
    // Characters that have a meaning in a PDF string, or none in an address.
    const address = url.replace(
      /[()\\]|[^\x21-\x7e]/gu,
      (character) =>
        ({ "(": "%28", ")": "%29" })[character] ??
          encodeURIComponent(character),
    );
    const annotation = context.obj({
      Type: "Annot",
      Subtype: "Link",
      Rect: [LEFT, this.y - 3, RIGHT, this.y + lines * size * 1.5],
      Border: [0, 0, 0],
      A: { Type: "Action", S: "URI", URI: PDFString.of(address) },
    });
    this.page.node.addAnnot(context.register(annotation));
  }

  finish(): void {
    if (this.isLacking) {
      const note =
        `${MISSING} stands for a character this file's font cannot draw. The receipt's web page shows it.`;
      this.draw(note, { x: LEFT }, { size: 8, color: QUIET }, FOOT + 14);
    }
    const count = this.#pages.length;
    const [title = ""] = this.lines(this.title, 300, { size: 8 });
    this.#pages.forEach((page, index) => {
      const foot = { size: 8, font: this.faces.regular, color: QUIET, y: FOOT };
      const place = `Page ${index + 1} of ${count}`;
      page.drawText(title, { ...foot, x: LEFT });
      page.drawText(place, {
        ...foot,
        x: RIGHT - this.#runWidth(place, { size: 8 }),
      });
    });
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Parts
// ---------------------------------------------------------------------------------------------------------------------

function writeHead(writer: Writer, receipt: ReceiptDocument): void {
  const { seller, notice, facts } = receipt;
  if (notice !== null) {
    writer.draw(notice, { x: LEFT }, { color: ACCENT, bold: true });
    writer.y -= 28;
  }
  const top = writer.y;
  for (
    const line of writer.lines(receipt.title, 230, { size: 14, bold: true })
  ) {
    writer.draw(line, { x: LEFT }, { size: 14, bold: true });
    writer.y -= 18;
  }
  const titleEnd = writer.y;
  writer.y = top;
  for (const [index, text] of [seller.name, ...seller.lines].entries()) {
    const style = index === 0 ? { bold: true } : { color: QUIET };
    for (const line of writer.lines(text, 230, style)) {
      writer.draw(line, { end: RIGHT }, style);
      writer.y -= 15;
    }
  }
  writer.y = Math.min(writer.y, titleEnd) - 32;
  writer.draw(receipt.amount, { x: LEFT }, { size: 26, bold: true });
  writer.y -= 20;
  writer.draw(receipt.amountLabel, { x: LEFT }, { color: QUIET });
  writer.y -= 34;
  for (const { label, value } of facts) {
    writer.draw(label, { x: LEFT }, { color: QUIET });
    for (const line of writer.lines(value, RIGHT - LEFT - 130)) {
      writer.draw(line, { x: LEFT + 130 });
      writer.y -= 16;
    }
  }
}

function writeItems(
  writer: Writer,
  { items, totals, paid }: ReceiptDocument,
): void {
  writer.y -= 28;
  const heading = { size: 8, color: QUIET };
  writer.draw("Description", { x: LEFT }, heading);
  writer.draw("Quantity", { end: RIGHT - AMOUNT_WIDTH }, heading);
  writer.draw("Amount", { end: RIGHT }, heading);
  writer.y -= 8;
  writer.rule(INK);
  for (const { description, quantity, amount } of items) {
    writeRow(writer, { label: description, amount }, { quantity });
  }
  for (const row of totals) writeRow(writer, row);
  writeRow(writer, paid, { bold: true });
}

function writeReturns(writer: Writer, { returns, net }: ReceiptDocument): void {
  if (net === null) return;
  for (const row of returns) writeRow(writer, row, { color: QUIET });
  writeRow(writer, net, { bold: true });
}

/** A row of the table with the line beneath it, kept together on one page. */
function writeRow(
  writer: Writer,
  { label, amount }: Row,
  style: Style & { quantity?: string } = {},
): void {
  const lines = writer.lines(
    label,
    RIGHT - LEFT - AMOUNT_WIDTH - QUANTITY_WIDTH,
    style,
  );
  if (writer.reserve(lines.length * 14 + 14)) {
    writer.draw("Continued", { x: LEFT }, { size: 8, color: QUIET });
    writer.y -= 8;
    writer.rule(INK);
  }
  writer.y -= 16;
  const top = writer.y;
  for (const [index, line] of lines.entries()) {
    if (index > 0) writer.y -= 14;
    writer.draw(line, { x: LEFT }, style);
  }
  if (style.quantity !== undefined) writer.draw(style.quantity, { end: RIGHT - AMOUNT_WIDTH }, {}, top);
  writer.draw(amount, { end: RIGHT }, style, top);
  writer.y -= 8;
  writer.rule(style.bold ? INK : LINE);
}

function writeLinks(writer: Writer, links: ReceiptDocument["links"]): void {
  writer.y -= 12;
  for (const { label, url } of links) {
    const lines = writer.lines(url, RIGHT - LEFT, { size: 8 });
    writer.reserve(28 + lines.length * 12);
    writer.y -= 20;
    writer.draw(label, { x: LEFT }, { size: 8, color: ACCENT });
    for (const line of lines) {
      writer.y -= 12;
      writer.draw(line, { x: LEFT }, { size: 8, color: QUIET });
    }
    writer.link(url, lines.length + 1, 8);
  }
}
