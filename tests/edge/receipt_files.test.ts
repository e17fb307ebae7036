// The page and the PDF of a receipt, read back by a real browser: they say what the data says, whatever it is.
import assert from "node:assert/strict";
import { launchBrowser } from "../support/browser.ts";
import { type ReadPdf, readPdf } from "../support/pdf.ts";
import {
  documentOf,
  formatCents,
  type ReceiptDocument,
} from "../../supabase/functions/get-receipt/document.ts";
import { renderHtml } from "../../supabase/functions/get-receipt/html.ts";
import { renderPdf } from "../../supabase/functions/get-receipt/pdf.ts";
import { printable, visualRuns, wrap } from "../../supabase/functions/get-receipt/pdf_text.ts";
import type { Receipt } from "../../supabase/functions/get-receipt/receipt.ts";

const browser = await launchBrowser();
Deno.test.afterAll(() => browser.close());

const plain: Receipt = {
  number: "TT-000123",
  issued_at: "2026-11-25T08:00:12.345678+00:00",
  livemode: true,
  purchase_id: "0f3a9c21-b7d4-4e55-9a01-1234567890ab",
  user_id: "aaaaaaaa-0000-4000-8000-000000000001",
  status: "paid",
  currency: "usd",
  paid_at: "2026-11-25T07:59:30+00:00",
  seller: {
    name: "Example Calls",
    address: ["1 Main Street", "Springfield, IL 62701"],
    email: "billing@example.com",
    tax_id: "DE123",
  },
  buyer: { email: "ada@example.com" },
  lines: [{ description: "$50 credit", quantity: 1, amount_cents: 5000 }],
  subtotal_cents: 5000,
  discount_cents: 500,
  tax_lines: [{ description: "Tax", amount_cents: 855 }],
  paid_cents: 5355,
  refunded_cents: 0,
  disputed_cents: 0,
  net_paid_cents: 5355,
  refunds: [],
  disputes: [],
  credit_micros: 45_000_000,
  bonus_micros: 5_000_000,
  clawed_back_micros: 0,
  payment_intent_id: "pi_3QabcDEFghiJKL",
  receipt_url: "https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8x",
  invoice_url: "https://invoice.stripe.com/i/acct_1/test_1",
};

const refund = (index: number, status = "succeeded", amount_cents = 10): Receipt["refunds"][number] => ({
  refund_id: `r${index}`,
  amount_cents,
  status,
  created_at: new Date(Date.UTC(2026, 10, 26, 0, index)).toISOString(),
});

const returned: Receipt = {
  ...plain,
  refunds: [refund(1, "succeeded", 1000), refund(2, "pending", 345), refund(3, "failed", 200)],
  disputes: [{
    dispute_id: "dp_1",
    amount_cents: 100,
    status: "lost",
    withdrawn_cents: 100,
    reinstated_cents: 0,
    created_at: "2026-12-01T10:00:00Z",
  }],
  refunded_cents: 1345,
  disputed_cents: 100,
  net_paid_cents: 3910,
  clawed_back_micros: 13_500_000,
};

const pdfOf = async (receipt: Receipt): Promise<ReadPdf> =>
  await readPdf(browser, await renderPdf(documentOf(receipt)));

/** Everything a document says, in the order a reader meets it. */
function saying(receipt: ReceiptDocument): string[] {
  const rows = [...receipt.totals, receipt.paid, ...receipt.returns, ...(receipt.net ? [receipt.net] : [])];
  return [
    ...[receipt.title, receipt.seller.name, ...receipt.seller.lines, receipt.amount, receipt.amountLabel],
    ...receipt.facts.flatMap(({ label, value }) => [label, value]),
    ...["Description", "Quantity", "Amount"],
    ...receipt.items.flatMap(({ description, quantity, amount }) => [description, quantity, amount]),
    ...rows.flatMap(({ label, amount }) => [label, amount]),
    ...receipt.links.flatMap(({ label, url }) => [label, url]),
  ];
}

for (const [name, receipt] of Object.entries({ plain, returned })) {
  Deno.test(`The PDF of a ${name} receipt says what the data says, in its order, and nothing else`, async () => {
    const { pages, title, author, links, ink } = await pdfOf(receipt);
    const document = documentOf(receipt);
    assert.equal(pages.length, 1);
    assert.deepEqual(pages[0], [...saying(document), document.title, "Page 1 of 1"]);
    assert.deepEqual({ title, author }, { title: "Receipt TT-000123", author: "Example Calls" });
    assert.deepEqual(links, [receipt.receipt_url, receipt.invoice_url]);
    assert.ok(ink[0]! > 0.005 && ink[0]! < 0.2, `it is drawn: ${ink[0]}`);
  });

  Deno.test(`The page of a ${name} receipt says the same`, async () => {
    const page = await browser.newPage();
    await page.setContent(renderHtml(documentOf(receipt)));
    const shown = await page.evaluate(
      `[...document.querySelectorAll("h1, h2, address p, strong, .hero span, dt, dd, th, td, li a, li span")]
      .map((element) => element.textContent)`,
    );
    assert.deepEqual(shown, saying(documentOf(receipt)));
    assert.equal(await page.title(), "Receipt TT-000123");
    await page.close();
  });
}

Deno.test("The words and sums of what was returned are these", () => {
  assert.deepEqual(documentOf(returned).returns, [
    { label: "Refund on November 26, 2026", amount: "−$10.00" },
    { label: "Refund on November 26, 2026, on its way", amount: "−$3.45" },
    { label: "Refund of $2.00 on November 26, 2026 did not go through", amount: "$0.00" },
    { label: "Taken back by your bank, disputed on December 1, 2026", amount: "−$1.00" },
  ]);
  assert.deepEqual(documentOf(returned).net, { label: "Paid after what was returned", amount: "$39.10" });
  assert.equal(documentOf(plain).net, null);
  const inquiry = { ...returned.disputes[0]!, withdrawn_cents: 0 };
  assert.deepEqual(documentOf({ ...plain, disputes: [inquiry] }).returns, []);
  const won = { ...returned.disputes[0]!, reinstated_cents: 100 };
  const [row] = documentOf({ ...plain, disputes: [won] }).returns;
  assert.match(row!.label, /, of which \$1\.00 was paid back to the seller$/);
  assert.equal(row!.amount, "$0.00");
});

Deno.test("A test payment says so above all, and amounts read like money", async () => {
  const { pages } = await pdfOf({ ...plain, livemode: false });
  assert.equal(pages[0]![0], "Test payment. No money was moved.");
  assert.equal(documentOf(plain).notice, null);
  assert.equal(formatCents(123_456_789, "usd"), "$1,234,567.89");
  assert.equal(formatCents(-5, "eur"), "−EUR 0.05");
});

Deno.test("A hundred and twenty refunds go on over pages, none lost, each page named", async () => {
  const refunds = Array.from({ length: 120 }, (_, index) => refund(index));
  const { pages } = await pdfOf({ ...plain, refunds });
  assert.ok(pages.length > 3);
  assert.equal(pages.flat().filter((text) => text === "−$0.10").length, 120);
  for (const [index, page] of pages.entries()) {
    assert.deepEqual(page.slice(-2), ["Receipt TT-000123", `Page ${index + 1} of ${pages.length}`]);
  }
});

Deno.test("The same receipt gives the same bytes, and few of them", async () => {
  const first = await renderPdf(documentOf(returned));
  assert.deepEqual(await renderPdf(documentOf(structuredClone(returned))), first);
  assert.ok(first.length < 40_000, `${first.length} bytes`);
});

Deno.test("Latin, Greek, Cyrillic, Hebrew and Arabic names are drawn; what is not says so and stops nothing", async () => {
  const named = (name: string, address: string[] = []) => ({ ...plain, seller: { name, address } });
  for (const name of ["Żółć Łódź Şişli Ångström", "Ωμέγα Τηλέφωνα", "Звонок Київ"]) {
    const { pages, author } = await pdfOf(named(name));
    assert.equal(pages[0]![1], name);
    assert.equal(author, name);
    assert.ok(!pages.flat().join().includes("\uFFFD"));
  }
  for (const name of ["שלום", "مرحبا"]) {
    const { pages } = await pdfOf(named(name));
    assert.equal(pages[0]![1]!.normalize("NFKC"), name);
  }
  const { pages } = await pdfOf(named("東京電話 Tokyo", ["😀 \u0000\u202E\uD800 a\tb"]));
  assert.equal(pages[0]![1], "\uFFFD\uFFFD\uFFFD\uFFFD Tokyo");
  assert.match(pages[0]!.join("\n"), /\uFFFD stands for a character this file's font cannot draw/);
  assert.match(renderHtml(documentOf(named("東京電話 Tokyo"))), /東京電話 Tokyo/);
});

Deno.test("Runs of two directions stand in the order of the line's first letter", () => {
  assert.deepEqual(visualRuns("Rehov שלום עולם 12"), ["Rehov ", "שלום עולם", " 12"]);
  const mixed = visualRuns("שלום 12, Tel (Aviv)");
  assert.equal(mixed.at(-1), "שלום", "the first word stands at the right");
  assert.equal(mixed.join(""), "12, Tel (Aviv) שלום");
  assert.deepEqual(visualRuns("(שלום)"), ["(", "שלום", ")"], "brackets are mirrored");
  assert.deepEqual(visualRuns("שלום, Tel"), ["Tel", " ,", "שלום"]);
  assert.equal(visualRuns("").length, 0);
});

Deno.test("Lines keep every letter, however long a word is", () => {
  const measure = (text: string) => text.length;
  assert.deepEqual(wrap("one two three", 7, measure), ["one two", "three"]);
  const long = "a ".repeat(3) + "x".repeat(25) + " end";
  const lines = wrap(long, 10, measure);
  assert.ok(lines.every((line) => line.length <= 10));
  assert.equal(lines.join("").replaceAll(" ", ""), long.replaceAll(" ", ""));
  assert.equal(printable("a\u0301\u200Bb", new Set([0xe1, 0x62])), "áb");
});

Deno.test("Nothing in the data becomes markup, and the page may do nothing but be read", async () => {
  const evil = `<script>document.title = "owned"</script><img src=x onerror="document.title='owned'">"'&`;
  const receipt = {
    ...plain,
    seller: { name: evil, address: [evil] },
    buyer: { email: evil },
    lines: [{ description: evil, quantity: 1, amount_cents: 5000 }],
    receipt_url: "javascript:document.title='owned'",
    invoice_url: `https://example.com/"><script>document.title="owned"</script>`,
  };
  const html = renderHtml(documentOf(receipt));
  assert.doesNotMatch(html, /<script|<img|javascript:/);
  assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'/);
  const page = await browser.newPage();
  await page.setContent(html);
  assert.equal(await page.title(), "Receipt TT-000123");
  assert.equal(await page.locator("h2").textContent(), evil);
  await page.close();
  assert.equal((await pdfOf(receipt)).title, "Receipt TT-000123");
});

Deno.test("It prints on one sheet, A4 or Letter, and on a phone nothing reaches past the edge", async () => {
  const page = await browser.newPage();
  await page.setContent(renderHtml(documentOf(returned)));
  for (const format of ["A4", "Letter"]) {
    const { pages } = await readPdf(browser, await page.pdf({ format }));
    assert.equal(pages.length, 1, format);
    assert.ok(pages[0]!.join(" ").includes("$39.10"), format);
  }
  await page.setViewportSize({ width: 320, height: 700 });
  const [content, screen] = await page.evaluate(
    `[document.documentElement.scrollWidth, document.documentElement.clientWidth]`,
  ) as [number, number];
  assert.ok(content <= screen, `${content} of ${screen}`);
  await page.close();
});

Deno.test("The fonts come with the function, and their licence with them", async () => {
  const config = await Deno.readTextFile(new URL("../../supabase/config.toml", import.meta.url));
  const folder = new URL("../../supabase/functions/get-receipt/fonts/", import.meta.url);
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  assert.deepEqual(files, ["DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "LICENSE"]);
  for (const name of files.filter((file) => file.endsWith(".ttf"))) {
    assert.ok(config.includes(`"./functions/get-receipt/fonts/${name}"`), name);
    const packaged = await Deno.readFile(
      new URL(`../../node_modules/dejavu-fonts-ttf/ttf/${name}`, import.meta.url),
    );
    assert.deepEqual(await Deno.readFile(new URL(name, folder)), packaged, `${name} is the package's`);
  }
});
