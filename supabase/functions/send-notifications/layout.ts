// A letter as text and as HTML. Every value that reaches a page passes `text()` or `address()` here, so a name can be
// hostile. Styles stand inline, because many readers drop everything else; the style block adds the dark theme where it
// is understood. There are no images.
import { oneLine } from "./format.ts";
import type { Letter, Link, Sender } from "./letter.ts";

export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

/** `unsubscribeUrl` is null for what cannot be switched off. */
export function render(letter: Letter, sender: Sender, unsubscribeUrl: string | null): Rendered {
  const parts: Parts = {
    ...letter,
    action: usable(letter.action),
    link: usable(letter.link),
    seller: sellerLines(sender),
    unsubscribeUrl,
  };
  return { subject: oneLine(letter.subject), text: asText(parts), html: asHtml(parts) };
}

type Parts = Omit<Letter, "action" | "link"> & {
  action: Link | null;
  link: Link | null;
  seller: string[];
  unsubscribeUrl: string | null;
};

const UNSUBSCRIBE = "Stop mails of this kind";

/** Only addresses of pages; anything else that could stand in a link is left out. */
function usable(
  link: { label: string; url: string | null } | undefined,
): Link | null {
  if (!link?.url || !URL.canParse(link.url)) return null;
  const url = new URL(link.url);
  return url.protocol === "https:" || url.protocol === "http:" ? { label: link.label, url: url.href } : null;
}

function sellerLines({ seller }: Sender): string[] {
  return [seller.name, (seller.address ?? []).join(", "), seller.email ?? ""]
    .map(oneLine).filter(Boolean);
}

function asText(letter: Parts): string {
  const rows = [...letter.rows, ...(letter.total ? [letter.total] : [])];
  const blocks = [
    oneLine(letter.lead),
    rows.map(([label, value]) => `${label}: ${oneLine(value)}`).join("\n"),
    ...letter.paragraphs.map(oneLine),
    letter.action ? `${letter.action.label}:\n${letter.action.url}` : "",
    letter.link ? `${letter.link.label}:\n${letter.link.url}` : "",
    ["-- ", ...letter.seller].join("\n"),
    letter.unsubscribeUrl ? `${UNSUBSCRIBE}:\n${letter.unsubscribeUrl}` : "",
  ];
  return `${blocks.filter(Boolean).join("\n\n")}\n`;
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escape = (value: string): string => value.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
const text = (value: string): string => escape(oneLine(value));
const address = (url: string): string => escape(url);

// The accent is the project's deep green; both themes keep at least 4.5:1.
const ACCENT = "#007f4e";
const FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const DARK = `@media (prefers-color-scheme: dark) {
  .page { background: #151716 !important } .card { background: #1e2120 !important; border-color: #323735 !important }
  .ink { color: #e9ecea !important } .quiet { color: #a0a8a4 !important } .rule { border-color: #323735 !important }
  .link { color: #53c48e !important } }
@media (max-width: 480px) { .card { padding: 24px 16px !important } .page { padding: 8px !important } }`;

function asHtml(letter: Parts): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>${text(letter.subject)}</title><style>${DARK}</style></head>
<body class="page" style="margin:0;padding:0;background:#f5f7f6">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
<td class="page" align="center" style="padding:24px 12px;background:#f5f7f6">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px"><tr>
<td class="card" style="padding:32px;background:#ffffff;border:1px solid #dfe3e1;border-radius:8px;${FONT}">
${body(letter)}
</td></tr><tr><td style="padding:16px 12px;${FONT}">${footer(letter)}</td></tr></table>
</td></tr></table></body></html>
`;
}

function body(letter: Parts): string {
  const lead =
    `<p class="ink" style="margin:0 0 24px;font-size:19px;line-height:1.4;font-weight:600;color:#1a1c1b">${
      text(letter.lead)
    }</p>`;
  const paragraphs = letter.paragraphs.map((paragraph) =>
    `<p class="ink" style="margin:0 0 16px;font-size:16px;line-height:1.5;color:#1a1c1b">${
      text(paragraph)
    }</p>`
  );
  return [lead, receipt(letter), ...paragraphs, button(letter.action), quietLink(letter.link)].filter(Boolean)
    .join("\n");
}

function receipt({ rows, total }: Parts): string {
  if (rows.length === 0 && !total) return "";
  const line = ([label, value]: [string, string], isTotal: boolean) => {
    const weight = isTotal ? "600" : "400";
    const edge = isTotal ? "border-top:1px solid #dfe3e1;" : "";
    const padding = isTotal ? "12px" : "4px";
    const cell = `padding:${padding} 0;font-size:16px;line-height:1.4;vertical-align:top;${edge}`;
    return `<tr><td class="${isTotal ? "ink" : "quiet"} rule" style="${cell}color:${
      isTotal ? "#1a1c1b" : "#5c635f"
    };font-weight:${weight};padding-right:16px">${text(label)}</td>
<td class="ink rule" align="right" style="${cell}color:#1a1c1b;font-weight:${weight};font-variant-numeric:tabular-nums">${
      text(value)
    }</td></tr>`;
  };
  const lines = [...rows.map((row) => line(row, false)), ...(total ? [line(total, true)] : [])];
  return `<table width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 24px;border-collapse:collapse">${
    lines.join("\n")
  }</table>`;
}

function button(action: Link | null): string {
  if (!action) return "";
  return `<p style="margin:8px 0 0"><a href="${
    address(action.url)
  }" style="display:inline-block;padding:12px 24px;background:${ACCENT};border-radius:8px;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">${
    text(action.label)
  }</a></p>`;
}

function quietLink(link: Link | null): string {
  if (!link) return "";
  return `<p style="margin:16px 0 0;font-size:13px;line-height:1.5"><a class="link" href="${
    address(link.url)
  }" style="color:${ACCENT}">${text(link.label)}</a></p>`;
}

function footer({ seller, unsubscribeUrl }: Parts): string {
  const style = "margin:0 0 4px;font-size:13px;line-height:1.5;color:#5c635f";
  const lines = seller.map((line) => `<p class="quiet" style="${style}">${text(line)}</p>`);
  if (unsubscribeUrl) {
    lines.push(
      `<p class="quiet" style="${style}"><a class="link" href="${
        address(unsubscribeUrl)
      }" style="color:${ACCENT}">${UNSUBSCRIBE}</a></p>`,
    );
  }
  return lines.join("");
}
