import type { FieldErrors, FormValues } from "./checkout_form.ts";
import { COUNTRIES } from "./checkout_form.ts";
import { grouped } from "./format.ts";
import { type Markup, markup } from "./markup.ts";

/** The fields that the payment page and the portal share. */

interface FieldOptions {
  type?: "text" | "email";
  autocomplete?: string;
  inputmode?: string;
  placeholder?: string;
  number?: boolean;
}

export interface Filled {
  values: FormValues;
  errors: FieldErrors;
}

export function textField(
  name: keyof FormValues,
  label: string,
  { values, errors }: Filled,
  options: FieldOptions,
): Markup {
  const value = name === "card_number" ? grouped(values.card_number) : values[name];
  return markup`<label class="field"><span>${label}</span>
    <input type="${options.type ?? "text"}" name="${name}" value="${value}" class="${
    options.number ? "number" : ""
  }"
      autocomplete="${options.autocomplete ?? "off"}" inputmode="${options.inputmode ?? "text"}"
      placeholder="${options.placeholder ?? ""}" ${invalidity(name, errors[name])}>
    ${errorText(name, errors[name])}</label>`;
}

export function invalidity(name: string, error: string | undefined): Markup | null {
  return error ? markup`aria-invalid="true" aria-describedby="${name}-error"` : null;
}

export function errorText(name: string, error: string | undefined): Markup | null {
  return error ? markup`<span class="error" id="${name}-error">${error}</span>` : null;
}

export function checked(on: boolean): Markup | null {
  return on ? markup` checked` : null;
}

export function cardFields(filled: Filled): Markup {
  return markup`
    ${
    textField("card_number", "Card number", filled, {
      autocomplete: "cc-number",
      inputmode: "numeric",
      placeholder: "1234 1234 1234 1234",
      number: true,
    })
  }
    <div class="pair">
      ${
    textField("card_expiry", "Expiry", filled, {
      autocomplete: "cc-exp",
      inputmode: "numeric",
      placeholder: "MM / YY",
      number: true,
    })
  }
      ${
    textField("card_cvc", "Security code", filled, {
      autocomplete: "cc-csc",
      inputmode: "numeric",
      placeholder: "CVC",
      number: true,
    })
  }
    </div>
    ${textField("card_name", "Name on card", filled, { autocomplete: "cc-name" })}`;
}

export function placeFields(filled: Filled): Markup {
  return markup`<div class="pair places">
      <label class="field"><span>Country</span><select name="country" autocomplete="country">
        ${
    Object.entries(COUNTRIES).map(([code, name]) =>
      markup`<option value="${code}"${
        filled.values.country === code ? markup` selected` : null
      }>${name}</option>`
    )
  }</select></label>
      ${textField("postal_code", "ZIP or postal code", filled, { autocomplete: "postal-code" })}
    </div>`;
}

/** The whole address, where a tax or the merchant asks for it. */
export function addressFields(filled: Filled): Markup {
  return markup`<fieldset><legend>Billing address</legend>
    ${textField("line1", "Address", filled, { autocomplete: "address-line1" })}
    <div class="pair places">
      ${textField("city", "City", filled, { autocomplete: "address-level2" })}
      ${textField("state", "State or province", filled, { autocomplete: "address-level1" })}
    </div>
    ${placeFields(filled)}
  </fieldset>`;
}
