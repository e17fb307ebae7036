import type { MethodType } from "./types.ts";

/** How a delayed payment ends when nobody settles or fails it by hand. */
export interface BankAccount {
  type: Exclude<MethodType, "card">;
  number: string;
  id: string;
  label: string;
  /** The charge's failure code; null for one that succeeds. */
  failure: string | null;
}

export const BANK_ACCOUNTS: readonly BankAccount[] = [
  {
    type: "us_bank_account",
    number: "000123456789",
    id: "pm_usBankAccount_success",
    label: "Pays after four days",
    failure: null,
  },
  {
    type: "us_bank_account",
    number: "000222222227",
    id: "pm_usBankAccount_insufficientFunds",
    label: "Fails: insufficient funds",
    failure: "insufficient_funds",
  },
  {
    type: "us_bank_account",
    number: "000111111113",
    id: "pm_usBankAccount_accountClosed",
    label: "Fails: account closed",
    failure: "account_closed",
  },
  {
    type: "us_bank_account",
    number: "000333333335",
    id: "pm_usBankAccount_debitNotAuthorized",
    label: "Fails: debit not authorized",
    failure: "debit_not_authorized",
  },
  {
    type: "sepa_debit",
    number: "AT611904300234573201",
    id: "pm_sepaDebit_success",
    label: "Pays after five days",
    failure: null,
  },
  {
    type: "sepa_debit",
    number: "AT861904300235473202",
    id: "pm_sepaDebit_fail",
    label: "Fails: debit refused",
    failure: "generic_decline",
  },
];

export function bankAccountsOf(type: string): readonly BankAccount[] {
  return BANK_ACCOUNTS.filter((account) => account.type === type);
}

export function bankAccountByNumber(number: string): BankAccount | undefined {
  return BANK_ACCOUNTS.find((account) => account.number === number);
}

export function bankAccountById(id: string): BankAccount | undefined {
  return BANK_ACCOUNTS.find((account) => account.id === id);
}
