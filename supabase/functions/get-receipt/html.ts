// The receipt as one page that prints on A4 and on Letter: no script, nothing loaded, text only where it is escaped.
import type { ReceiptDocument, Row } from "./document.ts";

const STYLE = `
:root { color-scheme: light; --accent: oklch(52% .13 160); --quiet: #595f5c; --line: #d9dddb; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f5f4; color: #16201c; font: 16px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 680px; margin: 32px auto; padding: 48px; background: #fff; border: 1px solid var(--line); border-radius: 8px; }
h1, h2, p, dl, dd, ul { margin: 0; padding: 0; }
h1 { font-size: 19px; font-weight: 600; }
h2 { font-size: 16px; font-weight: 600; }
header { display: flex; justify-content: space-between; gap: 32px; flex-wrap: wrap; }
header address { font-style: normal; text-align: right; color: var(--quiet); }
header address h2 { color: #16201c; }
.notice { margin-bottom: 24px; padding: 8px 12px; border: 1px solid var(--line); border-inline-start: 4px solid var(--accent); border-radius: 4px; }
.hero { margin: 32px 0; }
.hero strong { display: block; font-size: 40px; line-height: 1.2; font-weight: 600; }
.hero span { color: var(--quiet); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; }
dt { color: var(--quiet); }
dd { overflow-wrap: anywhere; }
table { width: 100%; margin-top: 32px; border-collapse: collapse; }
th { padding: 8px 0; border-bottom: 1px solid #16201c; text-align: start; font-size: 13px; font-weight: 400; color: var(--quiet); }
td { padding: 8px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:not(:first-child), td:not(:first-child) { padding-inline-start: 16px; text-align: end; white-space: nowrap; }
tr { break-inside: avoid; }
tr.strong td { font-weight: 600; border-bottom-color: #16201c; }
tbody.returns td { color: var(--quiet); }
.links { margin-top: 32px; list-style: none; font-size: 13px; }
.links li { margin-top: 8px; break-inside: avoid; overflow-wrap: anywhere; }
.links a { color: var(--accent); }
.links span { display: block; color: var(--quiet); }
@media (max-width: 560px) {
  main { margin: 0; padding: 24px; border: 0; border-radius: 0; }
  header address { text-align: left; }
}
@page { margin: 15mm 16mm; }
@media print {
  body { background: none; font-size: 11pt; }
  main { max-width: none; margin: 0; padding: 0; border: 0; }
  .hero, table, .links { margin-block: 20px 0; }
  .hero { margin-block-end: 20px; }
  td { padding-block: 5px; }
  .hero strong { font-size: 26pt; }
  h1 { font-size: 14pt; }
  th, .links { font-size: 9pt; }
}`;

// Even a page from our own hand gets no right it does not need.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function renderHtml(receipt: ReceiptDocument): string {
  const { title, seller, notice, items, totals, paid, returns, net, links } = receipt;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="author" content="${escape(seller.name)}">
<meta name="referrer" content="no-referrer">
<title>${escape(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<main>
${notice === null ? "" : `<p class="notice">${escape(notice)}</p>\n`}<header>
<h1>${escape(title)}</h1>
<address>
<h2><bdi>${escape(seller.name)}</bdi></h2>
${seller.lines.map((line) => `<p><bdi>${escape(line)}</bdi></p>`).join("\n")}
</address>
</header>
<p class="hero"><strong>${escape(receipt.amount)}</strong><span>${escape(receipt.amountLabel)}</span></p>
<dl>
${
    receipt.facts.map(({ label, value }) => `<dt>${escape(label)}</dt><dd><bdi>${escape(value)}</bdi></dd>`)
      .join("\n")
  }
</dl>
<table>
<thead><tr><th scope="col">Description</th><th scope="col">Quantity</th><th scope="col">Amount</th></tr></thead>
<tbody>
${items.map(itemRow).join("\n")}
</tbody>
<tbody>
${totals.map((row) => totalRow(row)).join("\n")}
${totalRow(paid, "strong")}
</tbody>
${
    net === null ? "" : `<tbody class="returns">
${returns.map((row) => totalRow(row)).join("\n")}
</tbody>
<tbody>
${totalRow(net, "strong")}
</tbody>
`
  }</table>
${links.length === 0 ? "" : `<ul class="links">\n${links.map(linkItem).join("\n")}\n</ul>\n`}</main>
</body>
</html>
`;
}

function itemRow(
  { description, quantity, amount }: ReceiptDocument["items"][number],
): string {
  return `<tr><td><bdi>${escape(description)}</bdi></td><td>${escape(quantity)}</td><td>${
    escape(amount)
  }</td></tr>`;
}

function totalRow({ label, amount }: Row, className?: string): string {
  const start = className === undefined ? "<tr>" : `<tr class="${className}">`;
  return `${start}<td colspan="2">${escape(label)}</td><td>${escape(amount)}</td></tr>`;
}

/** The address stands in print as well, where nobody can click. */
function linkItem({ label, url }: { label: string; url: string }): string {
  return `<li><a href="${escape(url)}" rel="noopener noreferrer" target="_blank">${escape(label)}</a><span>${
    escape(url)
  }</span></li>`;
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
