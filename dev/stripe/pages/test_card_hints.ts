import { grouped } from "./format.ts";
import { type Markup, markup } from "./markup.ts";

const USUAL: readonly [string, string][] = [
  ["4242424242424242", "Pays"],
  ["4000000000000002", "Is declined"],
  ["4000000000009995", "Has insufficient funds"],
  ["4000002500003155", "Asks to confirm (3DS)"],
];

const MORE: readonly [string, string][] = [
  ["4000002760003184", "Always asks to confirm"],
  ["4000000000000341", "Can be saved, then is declined"],
  ["4000000000000069", "Has expired"],
  ["4000000000000127", "Has a wrong security code"],
  ["4000000000000259", "Pays, then is disputed"],
  ["4000000000001976", "Pays, then the bank inquires"],
  ["4000000000007726", "Pays, its refund is pending"],
  ["4000000000005126", "Pays, its refund fails"],
  ["378282246310005", "Pays, American Express"],
];

/** A click fills the form in; the button belongs to the form, so what was typed before stays. */
export function testCardHints(form: string): Markup {
  return markup`<section class="hints" aria-label="Test cards">
    <h2>Test cards</h2>
    <ul>${USUAL.map((card) => hint(card, form))}</ul>
    <details><summary>More test cards</summary><ul>${MORE.map((card) => hint(card, form))}</ul></details>
    <p class="small">Any future date and any security code will do.</p>
  </section>`;
}

function hint([number, effect]: readonly [string, string], form: string): Markup {
  return markup`<li><button type="submit" form="${form}" name="fill" value="${number}"
    aria-label="Fill in ${grouped(number)}">${grouped(number)}</button><span>${effect}</span></li>`;
}
