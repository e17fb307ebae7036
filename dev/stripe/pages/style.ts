import { Markup } from "./markup.ts";

export const STYLE = new Markup(`
:root {
  --page: #f6f7f6; --surface: #fff; --text: #16201b; --muted: #56635c; --line: #d5dbd8; --field: #84918a;
  --accent: oklch(52% .13 160); --accent-text: oklch(45% .12 160); --on-accent: #fff;
  --danger: #b3261e; --danger-surface: #fdf0ef; --warning: #7a5200; --warning-surface: #fff6e0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101512; --surface: #18201c; --text: #e8eeea; --muted: #a3b1a9; --line: #313c36; --field: #74827a;
    --accent: oklch(52% .13 160); --accent-text: oklch(78% .13 160);
    --danger: #ff9b93; --danger-surface: #331a18; --warning: #f2c76b; --warning-surface: #2b2412;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 400 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; -webkit-text-size-adjust: 100%; }
.marker { margin: 0; padding: 8px 16px; background: var(--warning-surface); color: var(--warning);
  font-size: 14px; text-align: center; border-bottom: 1px solid var(--line); }
main { max-width: 928px; margin: 0 auto; padding: 24px 16px 64px; }
main.wide { max-width: 1088px; }
h1 { font-size: 19px; line-height: 1.3; margin: 0 0 12px; font-weight: 600; }
h2 { font-size: 16px; line-height: 1.4; margin: 0 0 12px; font-weight: 600; }
p { margin: 0 0 12px; }
a { color: var(--accent-text); text-underline-offset: 3px; }
small, .small { font-size: 14px; color: var(--muted); }
code { font: 13px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--muted);
  overflow-wrap: anywhere; }
.hero { font-size: 40px; line-height: 1.1; font-weight: 600; font-variant-numeric: tabular-nums; margin: 4px 0 16px; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 24px; }
button.quiet { width: 100%; }
.portal { max-width: 544px; margin: 16px auto; }
.cards { list-style: none; margin: 0 0 16px; padding: 0; }
.cards li { display: flex; justify-content: space-between; gap: 8px 16px; flex-wrap: wrap; padding: 12px 0;
  border-bottom: 1px solid var(--line); }
.cards p { margin: 0; }
.notice { max-width: 544px; margin: 32px auto; }
.checkout { display: grid; gap: 0 40px; grid-template: "summary pay" auto "hints pay" 1fr / minmax(0, 1fr) minmax(0, 1.2fr);
  align-items: start; }
.checkout .summary { grid-area: summary; } .checkout .pay { grid-area: pay; } .checkout .hints { grid-area: hints; }
.summary { padding-top: 24px; }
.back { display: inline-block; margin-bottom: 16px; padding: 8px 0; }
dl.lines { margin: 0; border-top: 1px solid var(--line); }
dl.lines > div { display: flex; justify-content: space-between; gap: 16px; padding: 12px 0;
  border-bottom: 1px solid var(--line); }
dl.lines dt, dl.lines dd { margin: 0; }
dl.lines dd { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
dl.lines .total { font-weight: 600; border-bottom: 0; }
fieldset { border: 0; margin: 0 0 20px; padding: 0; min-width: 0; }
legend { padding: 0; font-weight: 600; margin-bottom: 12px; }
label.field, .field { display: block; margin: 0 0 16px; }
.field > span { display: block; font-size: 14px; margin-bottom: 4px; }
input[type=text], input[type=email], select { width: 100%; min-height: 44px; padding: 8px 12px; font: inherit;
  color: inherit; background: var(--surface); border: 1px solid var(--field); border-radius: 8px; }
input.number { font-variant-numeric: tabular-nums; }
input:focus-visible, select:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px; }
input[aria-invalid=true] { border-color: var(--danger); border-width: 2px; }
.error { display: block; color: var(--danger); font-size: 14px; margin-top: 4px; }
.alert { background: var(--danger-surface); color: var(--text); border: 1px solid var(--danger);
  border-radius: 8px; padding: 12px 16px; margin: 0 0 20px; }
.alert p { margin: 0 0 4px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
.method { border: 1px solid var(--line); border-radius: 8px; margin-bottom: 8px; }
.method > label { display: flex; align-items: center; gap: 12px; padding: 12px 16px; min-height: 48px; cursor: pointer; }
.saved { display: flex; align-items: center; justify-content: space-between; padding-right: 12px; }
.saved > label { flex: 1; }
.method .inside { display: none; padding: 4px 16px 4px; }
.method:has(input[name=method]:checked) .inside { display: block; }
.method:has(input[name=method]:checked) { border-color: var(--accent); }
.alone .inside { display: block; padding: 0; }
.alone { border: 0; }
input[type=radio], input[type=checkbox] { width: 20px; height: 20px; margin: 0; accent-color: var(--accent); flex: none; }
.check { display: flex; gap: 12px; align-items: flex-start; margin: 0 0 16px; }
button { font: inherit; min-height: 44px; padding: 8px 16px; border-radius: 8px; border: 1px solid var(--field);
  background: var(--surface); color: inherit; cursor: pointer; }
button:hover { border-color: var(--text); }
button.primary { width: 100%; min-height: 48px; background: var(--accent); border-color: var(--accent);
  color: var(--on-accent); font-weight: 600; }
button.primary:hover { border-color: var(--text); }
button.danger { color: var(--danger); }
.inline { display: flex; gap: 8px; align-items: end; flex-wrap: wrap; }
.inline .field { flex: 1 1 160px; margin: 0; }
.hints { margin-top: 32px; }
.hints ul { list-style: none; margin: 0; padding: 0; }
.hints li { display: grid; grid-template-columns: minmax(176px, auto) 1fr; gap: 4px 16px; align-items: center;
  padding: 4px 0; }
.hints li button { min-height: 36px; padding: 4px 12px; font-variant-numeric: tabular-nums; font-size: 14px;
  white-space: nowrap; }
summary { cursor: pointer; padding: 8px 0; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-size: 14px; font-weight: 600; color: var(--muted); position: sticky; top: 0;
  background: var(--surface); }
th, td { padding: 12px 8px; border-bottom: 1px solid var(--line); vertical-align: top; }
td.amount, th.amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.actions { display: flex; gap: 8px; flex-wrap: wrap; justify-content: flex-end; }
.actions button, .clock button { min-height: 36px; padding: 4px 12px; font-size: 14px; }
.clock { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; margin-bottom: 24px; }
.empty { color: var(--muted); padding: 16px 0; }
@media (max-width: 720px) {
  .checkout { grid-template: "summary" "pay" "hints" / minmax(0, 1fr); gap: 16px; }
  .pair.places { grid-template-columns: 1fr; gap: 0; }
  .summary { padding-top: 0; }
  .card { padding: 16px; }
  main { padding-top: 12px; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; left: -9999px; }
  tr { padding: 12px 0; border-bottom: 1px solid var(--line); }
  td { border: 0; padding: 2px 0; }
  td.amount { text-align: left; font-weight: 600; }
  .actions { justify-content: flex-start; padding-top: 4px; }
}
@media print {
  .marker, .no-print { display: none; }
  body { background: #fff; color: #000; }
  .card { border: 0; padding: 0; }
}
`);
