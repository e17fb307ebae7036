// A receipt as the database states it, and where it is read: with the caller's own credentials, so that the database
// decides who may see it.
import type { Credentials } from "../_shared/auth.ts";
import { rpcWith } from "../_shared/rpc.ts";

export interface Receipt {
  number: string;
  issued_at: string;
  livemode: boolean;
  purchase_id: string;
  user_id: string;
  status: string;
  currency: string;
  paid_at: string;
  seller: {
    name: string;
    address?: string[];
    email?: string | null;
    tax_id?: string | null;
  };
  buyer: { email: string | null };
  lines: { description: string; quantity: number; amount_cents: number }[];
  subtotal_cents: number;
  discount_cents: number;
  tax_lines: { description: string; amount_cents: number }[];
  paid_cents: number;
  refunded_cents: number;
  disputed_cents: number;
  net_paid_cents: number;
  refunds: {
    refund_id: string;
    amount_cents: number;
    status: string;
    created_at: string;
  }[];
  disputes: {
    dispute_id: string;
    amount_cents: number;
    status: string;
    withdrawn_cents: number;
    reinstated_cents: number;
    created_at: string;
  }[];
  credit_micros: number;
  bonus_micros: number;
  clawed_back_micros: number;
  payment_intent_id: string | null;
  receipt_url: string | null;
  invoice_url: string | null;
}

export interface ReceiptRequest {
  purchase_id: string;
  user_id?: string | undefined;
}

export function readReceipt(
  supabaseUrl: string,
  credentials: Credentials,
  { purchase_id, user_id }: ReceiptRequest,
): Promise<Receipt> {
  return rpcWith(supabaseUrl, credentials)("get_receipt", { purchase_id, user_id });
}
