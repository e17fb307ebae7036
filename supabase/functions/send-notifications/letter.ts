// What a mail says, before it looks like anything. Templates make letters out of facts; the layout makes text and HTML
// out of letters, and is the one place where values meet markup.

/** A message as the outbox hands it out. */
export interface Message {
  user_id: string;
  notification_id: number;
  /** Which attempt this is; goes back with the outcome. */
  attempt: number;
  /** Names the message to mail servers, the same for each attempt. */
  key: string;
  to: string;
  kind: string;
  created_at: string;
  // deno-lint-ignore no-explicit-any -- each kind has its own payload, which its template describes
  payload: any;
  // deno-lint-ignore no-explicit-any -- as above
  facts: any;
  /** Null for what cannot be switched off. */
  unsubscribe_token: string | null;
}

/** Who writes, and where their pages are. */
export interface Sender {
  from: string;
  app_url: string | null;
  top_up_url: string | null;
  seller: { name: string; address?: string[]; email?: string | null };
}

export interface Link {
  label: string;
  url: string;
}

export interface Letter {
  /** The fact, with its amount. */
  subject: string;
  /** The first line: the same fact as a sentence. */
  lead: string;
  /** Lines of a receipt, in order. */
  rows: [label: string, value: string][];
  /** The line under the receipt's rule. */
  total?: [label: string, value: string];
  paragraphs: string[];
  /** The one button; left out where its page is not known. */
  action?: { label: string; url: string | null };
  link?: { label: string; url: string | null };
}

export interface Context<Payload, Facts> {
  payload: Payload;
  facts: Facts;
  createdAt: string;
  sender: Sender;
}

/** What is known of the purchase behind a message. */
export interface PurchaseFacts {
  package_name?: string;
  paid_at?: string | null;
  paid_cents?: number | null;
  tax_cents?: number | null;
  receipt_url?: string | null;
}
