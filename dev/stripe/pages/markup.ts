/** Text that is HTML already; everything else put into a template is escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = string | number | Markup | null | undefined | false | readonly Part[];

export function markup(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  let text = strings[0]!;
  parts.forEach((part, index) => text += render(part) + strings[index + 1]!);
  return new Markup(text);
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(render).join("");
  return escape(String(part));
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

const SAFE_LINK = /^(https?:\/\/|\/|\?|#)/i;

/** A link given by a merchant; one that would run a script leads nowhere. App links are fine. */
export function safeLink(url: string): string {
  if (SAFE_LINK.test(url)) return url;
  return /^(javascript|data|vbscript):/i.test(url.trim()) ? "#" : url;
}
