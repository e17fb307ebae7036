// Serves the page beside it without a build step:
//
//   TALKTIME_URL=http://127.0.0.1:54321 TALKTIME_PUBLISHABLE_KEY=sb_publishable_… node serve.mjs
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import process from "node:process";

const { TALKTIME_URL, TALKTIME_PUBLISHABLE_KEY, PORT = "3000" } = process.env;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const supabase = new URL("./umd/supabase.js", import.meta.resolve("@supabase/supabase-js"));
const config = { url: TALKTIME_URL, publishableKey: TALKTIME_PUBLISHABLE_KEY };

async function find(path) {
  if (path === "/config.json") return ["application/json", JSON.stringify(config)];
  if (path === "/supabase.js") return ["text/javascript", await readFile(supabase)];
  const name = /^\/talktime\/([\w.]+\.js)$/.exec(path)?.[1];
  if (name) return ["text/javascript", await readFile(here(`../../dist/${name}`))];
  if (path === "/app.js") return ["text/javascript", await readFile(here("app.js"))];
  if (path === "/" || path === "/paid") {
    return ["text/html; charset=utf-8", await readFile(here("index.html"))];
  }
}

const server = createServer(async (request, response) => {
  const found = await find(new URL(request.url, "http://localhost").pathname).catch(() => undefined);
  if (!found) return response.writeHead(404).end("Not found");
  response.writeHead(200, { "content-type": found[0] }).end(found[1]);
});
server.listen(
  Number(PORT),
  "127.0.0.1",
  () => console.log(`Open http://localhost:${server.address().port}/`),
);
