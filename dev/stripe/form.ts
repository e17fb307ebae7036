/** What a form-encoded body or a query string decodes to: `a[b][0][c]=x` is `{ a: { b: [{ c: 'x' }] } }`. */
export type FormValue = string | FormValue[] | { [key: string]: FormValue };
export type Form = { [key: string]: FormValue };

interface Node {
  [key: string]: string | Node;
}

export function decodeForm(text: string): Form {
  const root = node();
  for (const [key, value] of new URLSearchParams(text)) insert(root, splitKey(key), value);
  return toForm(root) as Form;
}

/** Objects without a prototype, so that a key like `__proto__` is only a key. */
function node(): Node {
  return Object.create(null) as Node;
}

function splitKey(key: string): string[] {
  const open = key.indexOf("[");
  if (open <= 0 || !key.endsWith("]")) return [key];
  return [key.slice(0, open), ...key.slice(open + 1, -1).split("][")];
}

function insert(root: Node, path: string[], value: string): void {
  let here = root;
  for (const [index, part] of path.entries()) {
    const key = part === "" ? String(Object.keys(here).length) : part;
    if (index === path.length - 1) {
      here[key] = value;
      return;
    }
    const next = here[key];
    here = typeof next === "object" ? next : (here[key] = node());
  }
}

function toForm(value: string | Node): FormValue {
  if (typeof value === "string") return value;
  const keys = Object.keys(value);
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) {
    return keys.sort((a, b) => Number(a) - Number(b)).map((key) => toForm(value[key]!));
  }
  const form = Object.create(null) as Form;
  for (const key of keys) form[key] = toForm(value[key]!);
  return form;
}

/** One text for one set of parameters, whatever their order: idempotency keys compare it. */
export function canonical(value: FormValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const fields = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key]!)}`);
  return `{${fields.join(",")}}`;
}
