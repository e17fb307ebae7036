// The pages of the mail sink.
import type { Message } from "./sink.ts";

const STYLE = `
:root { color-scheme: light dark; --text: #1a1c1b; --quiet: #5c635f; --line: #dfe3e1; --back: #fff; --soft: #f5f7f6;
  --accent: oklch(52% .13 160); }
@media (prefers-color-scheme: dark) { :root { --text: #e9ecea; --quiet: #a0a8a4; --line: #323735; --back: #151716;
  --soft: #1e2120; --accent: oklch(74% .13 160); } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 880px; margin: 0 auto; padding: 32px 16px }
h1 { font-size: 23px; font-weight: 600; margin: 0 0 4px }
p { margin: 0 0 16px } .quiet { color: var(--quiet); font-size: 13.3px }
a { color: var(--accent) } a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px }
ul { list-style: none; margin: 24px 0 0; padding: 0; border-top: 1px solid var(--line) }
li a { display: grid; grid-template-columns: 1fr auto; gap: 4px 16px; padding: 12px 8px; text-decoration: none;
  color: inherit; border-bottom: 1px solid var(--line) }
li a:hover { background: var(--soft) } li strong { font-weight: 600; overflow-wrap: anywhere }
time { font-variant-numeric: tabular-nums; white-space: nowrap }
iframe { width: 100%; height: 60vh; border: 1px solid var(--line); border-radius: 8px; background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); border-radius: 8px; padding: 16px;
  font: 13.3px/1.5 ui-monospace, monospace }
h2 { font-size: 16px; font-weight: 600; margin: 24px 0 8px } summary { cursor: pointer }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 16px 0 24px }
dt { color: var(--quiet) } dd { margin: 0; overflow-wrap: anywhere }`;

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const text = (value: string): string => value.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

function layout(title: string, body: string, refresh = false): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${text(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">${
    refresh ? '<meta http-equiv="refresh" content="5">' : ""
  }<style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}

const when = (message: Message): string => {
  const shown = message.receivedAt.slice(0, 19).replace("T", " ");
  return `<time datetime="${message.receivedAt}" class="quiet">${shown} UTC</time>`;
};

const subject = (message: Message): string => message.subject || "(no subject)";

export function listPage(messages: Message[]): string {
  const count = messages.length === 1 ? "1 mail" : `${messages.length} mails`;
  const items = messages.map((message) =>
    `<li><a href="/messages/${message.id}"><strong>${text(subject(message))}</strong>${when(message)}
<span class="quiet">to ${text(message.to.join(", "))}</span></a></li>`
  );
  const body = messages.length === 0
    ? `<h1>No mail yet</h1><p class="quiet">Mails the stack sends appear here, newest first. To see one, ask for a password reset in your app.</p>`
    : `<h1>Mail</h1><p class="quiet">${count}, newest first. Nothing leaves this machine.</p><ul>${
      items.join("")
    }</ul>`;
  return layout("Mail", body, true);
}

export function messagePage(message: Message): string {
  const headers = message.headers.map(({ name, value }) => `${name}: ${value}`).join("\n");
  const html = message.html
    ? `<iframe sandbox="allow-popups" src="/messages/${message.id}/html" title="The mail as HTML"></iframe>`
    : "";
  const plain = message.text
    ? `<h2>Text</h2><pre>${text(message.text)}</pre>`
    : '<p class="quiet">This mail has no text part.</p>';
  return layout(
    subject(message),
    `<p><a href="/">All mail</a></p><h1>${text(subject(message))}</h1>
<dl><dt>From</dt><dd>${text(message.from)}</dd><dt>To</dt><dd>${text(message.to.join(", "))}</dd>
<dt>Received</dt><dd>${when(message)}</dd></dl>${html}${plain}
<details><summary>Headers</summary><pre>${text(headers)}</pre></details>`,
  );
}

export const notFoundPage = (): string =>
  layout(
    "Not found",
    `<h1>This mail is not here</h1><p>Mails are kept while the stack runs. <a href="/">All mail</a></p>`,
  );
