import { type Answer, html } from "../http.ts";
import { type Markup, markup } from "./markup.ts";
import { STYLE } from "./style.ts";

/** Every page says that it is a simulator: nobody should ever wonder whether a real card was charged. */
export function page(
  title: string,
  content: Markup,
  options: { status?: number; wide?: boolean } = {},
): Answer {
  const whole = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<p class="marker"><strong>Test mode simulator.</strong> No money moves and no real card works here.</p>
<main class="${options.wide ? "wide" : ""}">
${content}
</main>
</body>
</html>
`;
  return html(whole.text, options.status ?? 200);
}

/** A page with one thing to say. */
export function notice(
  title: string,
  sentence: string,
  more: Markup | null = null,
  status = 200,
): Answer {
  return page(
    title,
    markup`<section class="card notice"><h1>${title}</h1><p>${sentence}</p>${more}</section>`,
    { status },
  );
}
