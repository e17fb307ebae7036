// The outbox as this function sees it: mails handed out under a lease, and what became of them handed back.
import type { Rpc } from "../_shared/rpc.ts";
import type { Message, Sender } from "./letter.ts";

export interface Claim {
  /** Null while the setting mail_from is not set: then nothing is claimed. */
  sender: Sender | null;
  /** How many were taken from the queue; those not among the mails were set aside by the database. */
  claimed: number;
  mails: Message[];
}

export interface Outcome {
  user_id: string;
  notification_id: number;
  attempt: number;
  /** `dead` was refused for good, `released` was not tried. */
  outcome: "sent" | "retry" | "dead" | "released";
  message_id?: string | null;
  error?: string;
  retry_after_seconds?: number;
}

export interface Outbox {
  claim(batchSize: number): Promise<Claim>;
  record(outcomes: Outcome[]): Promise<{ sent: number; retried: number; dead: number }>;
}

export function createOutbox(rpc: Rpc): Outbox {
  return {
    claim: (batchSize) => rpc("claim_notifications", { batch_size: batchSize }),
    record: (outcomes) => rpc("record_deliveries", { outcomes }),
  };
}
