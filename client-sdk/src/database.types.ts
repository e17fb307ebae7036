// Generated from the database by `npm run types`.
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "auto_reload_settings": {
        Row: {
          "consent_at": string;
          "consent_text": string;
          "enabled": boolean;
          "failure_count": number;
          "monthly_cap_cents": number;
          "next_attempt_at": string;
          "package_code": string;
          "payment_method_id": string | null;
          "price_cents": number;
          "suspended_at": string | null;
          "suspended_card": string | null;
          "suspended_reason": string | null;
          "threshold_micros": number;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "consent_at": string;
          "consent_text": string;
          "enabled": boolean;
          "failure_count"?: number;
          "monthly_cap_cents": number;
          "next_attempt_at": string;
          "package_code": string;
          "payment_method_id"?: string | null;
          "price_cents": number;
          "suspended_at"?: string | null;
          "suspended_card"?: string | null;
          "suspended_reason"?: string | null;
          "threshold_micros": number;
          "updated_at": string;
          "user_id": string;
        };
        Update: {
          "consent_at"?: string;
          "consent_text"?: string;
          "enabled"?: boolean;
          "failure_count"?: number;
          "monthly_cap_cents"?: number;
          "next_attempt_at"?: string;
          "package_code"?: string;
          "payment_method_id"?: string | null;
          "price_cents"?: number;
          "suspended_at"?: string | null;
          "suspended_card"?: string | null;
          "suspended_reason"?: string | null;
          "threshold_micros"?: number;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "auto_reload_settings_package_code_fkey";
            columns: ["package_code"];
            isOneToOne: false;
            referencedRelation: "credit_packages";
            referencedColumns: ["code"];
          },
          {
            foreignKeyName: "auto_reload_settings_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: true;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "bonus_slabs": {
        Row: {
          "bonus_basis_points": number;
          "currency": string;
          "effective_from": string;
          "effective_until": string | null;
          "min_price_cents": number;
        };
        ComputedFields: never;
        Insert: {
          "bonus_basis_points": number;
          "currency"?: string;
          "effective_from": string;
          "effective_until"?: string | null;
          "min_price_cents": number;
        };
        Update: {
          "bonus_basis_points"?: number;
          "currency"?: string;
          "effective_from"?: string;
          "effective_until"?: string | null;
          "min_price_cents"?: number;
        };
        Relationships: [];
      };
      "call_logs": {
        Row: {
          "answered_at": string | null;
          "authorized_seconds": number;
          "authorized_until": string | null;
          "billed_seconds": number | null;
          "cost_micros": number | null;
          "destination_ciphertext": string | null;
          "destination_masked": string;
          "duration_seconds": number | null;
          "end_reason": string | null;
          "ended_at": string | null;
          "hold_micros": number;
          "id": string;
          "last_answer": Json | null;
          "last_heartbeat_at": string | null;
          "last_request_number": number | null;
          "limited_by": string | null;
          "proven_seconds": number;
          "rate": Database["public"]["Tables"]["rates"]["Row"];
          "refunded_micros": number;
          "reported_end_at": string | null;
          "rerated_micros": number;
          "settled_by": string | null;
          "started_at": string;
          "status": string;
          "sweep_at": string | null;
          "unbilled_seconds": number;
          "user_id": string;
          "warnings_sent": (number)[];
        };
        ComputedFields: never;
        Insert: {
          "answered_at"?: string | null;
          "authorized_seconds"?: number;
          "authorized_until"?: string | null;
          "billed_seconds"?: number | null;
          "cost_micros"?: number | null;
          "destination_ciphertext"?: string | null;
          "destination_masked": string;
          "duration_seconds"?: number | null;
          "end_reason"?: string | null;
          "ended_at"?: string | null;
          "hold_micros"?: number;
          "id": string;
          "last_answer"?: Json | null;
          "last_heartbeat_at"?: string | null;
          "last_request_number"?: number | null;
          "limited_by"?: string | null;
          "proven_seconds"?: number;
          "rate": Database["public"]["Tables"]["rates"]["Row"];
          "refunded_micros"?: number;
          "reported_end_at"?: string | null;
          "rerated_micros"?: number;
          "settled_by"?: string | null;
          "started_at": string;
          "status"?: string;
          "sweep_at"?: string | null;
          "unbilled_seconds"?: number;
          "user_id": string;
          "warnings_sent"?: (number)[];
        };
        Update: {
          "answered_at"?: string | null;
          "authorized_seconds"?: number;
          "authorized_until"?: string | null;
          "billed_seconds"?: number | null;
          "cost_micros"?: number | null;
          "destination_ciphertext"?: string | null;
          "destination_masked"?: string;
          "duration_seconds"?: number | null;
          "end_reason"?: string | null;
          "ended_at"?: string | null;
          "hold_micros"?: number;
          "id"?: string;
          "last_answer"?: Json | null;
          "last_heartbeat_at"?: string | null;
          "last_request_number"?: number | null;
          "limited_by"?: string | null;
          "proven_seconds"?: number;
          "rate"?: Database["public"]["Tables"]["rates"]["Row"];
          "refunded_micros"?: number;
          "reported_end_at"?: string | null;
          "rerated_micros"?: number;
          "settled_by"?: string | null;
          "started_at"?: string;
          "status"?: string;
          "sweep_at"?: string | null;
          "unbilled_seconds"?: number;
          "user_id"?: string;
          "warnings_sent"?: (number)[];
        };
        Relationships: [
          {
            foreignKeyName: "call_logs_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "credit_grants": {
        Row: {
          "created_at": string;
          "expires_at": string | null;
          "granted_micros": number;
          "id": number;
          "purchase_id": string | null;
          "remaining_micros": number;
          "source": string;
          "user_id": string;
          "warned_days": number | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at": string;
          "expires_at"?: string | null;
          "granted_micros": number;
          "id": number;
          "purchase_id"?: string | null;
          "remaining_micros": number;
          "source": string;
          "user_id": string;
          "warned_days"?: number | null;
        };
        Update: {
          "created_at"?: string;
          "expires_at"?: string | null;
          "granted_micros"?: number;
          "id"?: number;
          "purchase_id"?: string | null;
          "remaining_micros"?: number;
          "source"?: string;
          "user_id"?: string;
          "warned_days"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "credit_grants_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "credit_grants_user_id_id_fkey";
            columns: ["user_id", "id"];
            isOneToOne: true;
            referencedRelation: "transactions";
            referencedColumns: ["user_id", "line"];
          },
          {
            foreignKeyName: "credit_grants_user_id_purchase_id_fkey";
            columns: ["user_id", "purchase_id"];
            isOneToOne: false;
            referencedRelation: "purchases";
            referencedColumns: ["user_id", "id"];
          },
        ];
      };
      "credit_packages": {
        Row: {
          "active": boolean;
          "bonus_micros": number;
          "bonus_valid_days": number | null;
          "code": string;
          "credit_micros": number;
          "currency": string;
          "lookup_key": string;
          "name": string;
          "position": number;
          "price_cents": number;
          "valid_days": number | null;
        };
        ComputedFields: never;
        Insert: {
          "active"?: boolean;
          "bonus_micros"?: number;
          "bonus_valid_days"?: number | null;
          "code": string;
          "credit_micros": number;
          "currency"?: string;
          "lookup_key"?: never;
          "name": string;
          "position"?: number;
          "price_cents": number;
          "valid_days"?: number | null;
        };
        Update: {
          "active"?: boolean;
          "bonus_micros"?: number;
          "bonus_valid_days"?: number | null;
          "code"?: string;
          "credit_micros"?: number;
          "currency"?: string;
          "lookup_key"?: never;
          "name"?: string;
          "position"?: number;
          "price_cents"?: number;
          "valid_days"?: number | null;
        };
        Relationships: [];
      };
      "grant_entries": {
        Row: {
          "amount_micros": number;
          "grant_id": number;
          "line": number;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "amount_micros": number;
          "grant_id": number;
          "line": number;
          "user_id": string;
        };
        Update: {
          "amount_micros"?: number;
          "grant_id"?: number;
          "line"?: number;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "grant_entries_user_id_grant_id_fkey";
            columns: ["user_id", "grant_id"];
            isOneToOne: false;
            referencedRelation: "credit_grants";
            referencedColumns: ["user_id", "id"];
          },
          {
            foreignKeyName: "grant_entries_user_id_line_fkey";
            columns: ["user_id", "line"];
            isOneToOne: false;
            referencedRelation: "transactions";
            referencedColumns: ["user_id", "line"];
          },
        ];
      };
      "notification_preferences": {
        Row: {
          "call_cut_off": boolean;
          "credit_expiring": boolean;
          "low_balance": boolean;
          "referral_rewarded": boolean;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "call_cut_off"?: boolean;
          "credit_expiring"?: boolean;
          "low_balance"?: boolean;
          "referral_rewarded"?: boolean;
          "updated_at": string;
          "user_id": string;
        };
        Update: {
          "call_cut_off"?: boolean;
          "credit_expiring"?: boolean;
          "low_balance"?: boolean;
          "referral_rewarded"?: boolean;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "notification_preferences_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: true;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "notifications": {
        Row: {
          "created_at": string;
          "dedupe_key": string;
          "id": number;
          "kind": string;
          "payload": NonNullable<Json>;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at": string;
          "dedupe_key": string;
          "id"?: never;
          "kind": string;
          "payload": NonNullable<Json>;
          "user_id": string;
        };
        Update: {
          "created_at"?: string;
          "dedupe_key"?: string;
          "id"?: never;
          "kind"?: string;
          "payload"?: NonNullable<Json>;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "notifications_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "payment_methods": {
        Row: {
          "brand": string | null;
          "created_at": string;
          "customer_id": string;
          "exp_month": number | null;
          "exp_year": number | null;
          "id": string;
          "is_default": boolean;
          "last4": string | null;
          "livemode": boolean;
          "removed_at": string | null;
          "type": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "brand"?: string | null;
          "created_at": string;
          "customer_id": string;
          "exp_month"?: number | null;
          "exp_year"?: number | null;
          "id": string;
          "is_default"?: boolean;
          "last4"?: string | null;
          "livemode": boolean;
          "removed_at"?: string | null;
          "type": string;
          "user_id": string;
        };
        Update: {
          "brand"?: string | null;
          "created_at"?: string;
          "customer_id"?: string;
          "exp_month"?: number | null;
          "exp_year"?: number | null;
          "id"?: string;
          "is_default"?: boolean;
          "last4"?: string | null;
          "livemode"?: boolean;
          "removed_at"?: string | null;
          "type"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "payment_methods_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "purchase_disputes": {
        Row: {
          "amount_cents": number;
          "created_at": string;
          "currency": string;
          "purchase_id": string;
          "reason": string | null;
          "reinstated_cents": number;
          "status": string;
          "stripe_dispute_id": string;
          "updated_at": string;
          "user_id": string;
          "withdrawn_cents": number;
        };
        ComputedFields: never;
        Insert: {
          "amount_cents": number;
          "created_at": string;
          "currency": string;
          "purchase_id": string;
          "reason"?: string | null;
          "reinstated_cents": number;
          "status": string;
          "stripe_dispute_id": string;
          "updated_at": string;
          "user_id": string;
          "withdrawn_cents": number;
        };
        Update: {
          "amount_cents"?: number;
          "created_at"?: string;
          "currency"?: string;
          "purchase_id"?: string;
          "reason"?: string | null;
          "reinstated_cents"?: number;
          "status"?: string;
          "stripe_dispute_id"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "withdrawn_cents"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "purchase_disputes_user_id_purchase_id_fkey";
            columns: ["user_id", "purchase_id"];
            isOneToOne: false;
            referencedRelation: "purchases";
            referencedColumns: ["user_id", "id"];
          },
        ];
      };
      "purchase_refunds": {
        Row: {
          "amount_cents": number | null;
          "created_at": string;
          "currency": string;
          "failure_reason": string | null;
          "id": string;
          "idempotency_key": string | null;
          "next_attempt_at": string | null;
          "origin": string;
          "purchase_id": string;
          "reason": string | null;
          "requested_by": string | null;
          "status": string;
          "stripe_refund_id": string | null;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "amount_cents"?: number | null;
          "created_at": string;
          "currency": string;
          "failure_reason"?: string | null;
          "id"?: string;
          "idempotency_key"?: string | null;
          "next_attempt_at"?: string | null;
          "origin": string;
          "purchase_id": string;
          "reason"?: string | null;
          "requested_by"?: string | null;
          "status": string;
          "stripe_refund_id"?: string | null;
          "updated_at": string;
          "user_id": string;
        };
        Update: {
          "amount_cents"?: number | null;
          "created_at"?: string;
          "currency"?: string;
          "failure_reason"?: string | null;
          "id"?: string;
          "idempotency_key"?: string | null;
          "next_attempt_at"?: string | null;
          "origin"?: string;
          "purchase_id"?: string;
          "reason"?: string | null;
          "requested_by"?: string | null;
          "status"?: string;
          "stripe_refund_id"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "purchase_refunds_user_id_purchase_id_fkey";
            columns: ["user_id", "purchase_id"];
            isOneToOne: false;
            referencedRelation: "purchases";
            referencedColumns: ["user_id", "id"];
          },
        ];
      };
      "purchases": {
        Row: {
          "bonus_micros": number;
          "bonus_valid_days": number | null;
          "cancel_url": string;
          "check_count": number;
          "checkout_url": string | null;
          "clawed_back_micros": number;
          "created_at": string;
          "credit_expires_at": string | null;
          "credit_micros": number;
          "currency": string;
          "disputed_cents": number;
          "failure_code": string | null;
          "id": string;
          "idempotency_key": string;
          "invoice_url": string | null;
          "last_check_error": string | null;
          "livemode": boolean;
          "next_check_at": string;
          "origin": string;
          "package_code": string | null;
          "paid_at": string | null;
          "paid_cents": number | null;
          "payment_intent_id": string | null;
          "plan_code": string | null;
          "price_cents": number;
          "receipt_url": string | null;
          "refunded_cents": number;
          "review_reason": string | null;
          "session_expires_at": string | null;
          "status": string;
          "stripe_created_at": string | null;
          "stripe_customer_id": string | null;
          "stripe_invoice_id": string | null;
          "stripe_session_id": string | null;
          "subscription_id": string | null;
          "success_url": string;
          "superseded_at": string | null;
          "tax_cents": number | null;
          "user_id": string;
          "valid_days": number | null;
        };
        ComputedFields: never;
        Insert: {
          "bonus_micros": number;
          "bonus_valid_days"?: number | null;
          "cancel_url": string;
          "check_count"?: number;
          "checkout_url"?: string | null;
          "clawed_back_micros"?: number;
          "created_at": string;
          "credit_expires_at"?: string | null;
          "credit_micros": number;
          "currency": string;
          "disputed_cents"?: number;
          "failure_code"?: string | null;
          "id"?: string;
          "idempotency_key": string;
          "invoice_url"?: string | null;
          "last_check_error"?: string | null;
          "livemode": boolean;
          "next_check_at": string;
          "origin"?: string;
          "package_code"?: string | null;
          "paid_at"?: string | null;
          "paid_cents"?: number | null;
          "payment_intent_id"?: string | null;
          "plan_code"?: string | null;
          "price_cents": number;
          "receipt_url"?: string | null;
          "refunded_cents"?: number;
          "review_reason"?: string | null;
          "session_expires_at"?: string | null;
          "status"?: string;
          "stripe_created_at"?: string | null;
          "stripe_customer_id"?: string | null;
          "stripe_invoice_id"?: string | null;
          "stripe_session_id"?: string | null;
          "subscription_id"?: string | null;
          "success_url": string;
          "superseded_at"?: string | null;
          "tax_cents"?: number | null;
          "user_id": string;
          "valid_days"?: number | null;
        };
        Update: {
          "bonus_micros"?: number;
          "bonus_valid_days"?: number | null;
          "cancel_url"?: string;
          "check_count"?: number;
          "checkout_url"?: string | null;
          "clawed_back_micros"?: number;
          "created_at"?: string;
          "credit_expires_at"?: string | null;
          "credit_micros"?: number;
          "currency"?: string;
          "disputed_cents"?: number;
          "failure_code"?: string | null;
          "id"?: string;
          "idempotency_key"?: string;
          "invoice_url"?: string | null;
          "last_check_error"?: string | null;
          "livemode"?: boolean;
          "next_check_at"?: string;
          "origin"?: string;
          "package_code"?: string | null;
          "paid_at"?: string | null;
          "paid_cents"?: number | null;
          "payment_intent_id"?: string | null;
          "plan_code"?: string | null;
          "price_cents"?: number;
          "receipt_url"?: string | null;
          "refunded_cents"?: number;
          "review_reason"?: string | null;
          "session_expires_at"?: string | null;
          "status"?: string;
          "stripe_created_at"?: string | null;
          "stripe_customer_id"?: string | null;
          "stripe_invoice_id"?: string | null;
          "stripe_session_id"?: string | null;
          "subscription_id"?: string | null;
          "success_url"?: string;
          "superseded_at"?: string | null;
          "tax_cents"?: number | null;
          "user_id"?: string;
          "valid_days"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "purchases_package_code_fkey";
            columns: ["package_code"];
            isOneToOne: false;
            referencedRelation: "credit_packages";
            referencedColumns: ["code"];
          },
          {
            foreignKeyName: "purchases_plan_code_fkey";
            columns: ["plan_code"];
            isOneToOne: false;
            referencedRelation: "subscription_plans";
            referencedColumns: ["code"];
          },
          {
            foreignKeyName: "purchases_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "purchases_user_id_subscription_id_fkey";
            columns: ["user_id", "subscription_id"];
            isOneToOne: false;
            referencedRelation: "subscriptions";
            referencedColumns: ["user_id", "id"];
          },
        ];
      };
      "rate_plans": {
        Row: {
          "code": string;
          "currency": string;
          "is_default": boolean;
          "name": string;
        };
        ComputedFields: never;
        Insert: {
          "code": string;
          "currency"?: string;
          "is_default"?: boolean;
          "name": string;
        };
        Update: {
          "code"?: string;
          "currency"?: string;
          "is_default"?: boolean;
          "name"?: string;
        };
        Relationships: [];
      };
      "rates": {
        Row: {
          "connection_fee_micros": number;
          "effective_from": string;
          "free_seconds": number;
          "increment_seconds": number;
          "initial_increment_seconds": number;
          "minimum_charge_micros": number;
          "per_minute_micros": number;
          "precision_micros": number;
          "prefix": string;
          "rate_plan": string;
          "rounding_mode": string;
        };
        ComputedFields: never;
        Insert: {
          "connection_fee_micros"?: number;
          "effective_from"?: string;
          "free_seconds"?: number;
          "increment_seconds": number;
          "initial_increment_seconds": number;
          "minimum_charge_micros"?: number;
          "per_minute_micros": number;
          "precision_micros"?: number;
          "prefix": string;
          "rate_plan": string;
          "rounding_mode"?: string;
        };
        Update: {
          "connection_fee_micros"?: number;
          "effective_from"?: string;
          "free_seconds"?: number;
          "increment_seconds"?: number;
          "initial_increment_seconds"?: number;
          "minimum_charge_micros"?: number;
          "per_minute_micros"?: number;
          "precision_micros"?: number;
          "prefix"?: string;
          "rate_plan"?: string;
          "rounding_mode"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "rates_rate_plan_fkey";
            columns: ["rate_plan"];
            isOneToOne: false;
            referencedRelation: "rate_plans";
            referencedColumns: ["code"];
          },
        ];
      };
      "receipts": {
        Row: {
          "currency": string;
          "discount_cents": number;
          "issued_at": string;
          "lines": NonNullable<Json>;
          "livemode": boolean;
          "number": string;
          "paid_at": string;
          "paid_cents": number;
          "purchase_id": string;
          "seller": NonNullable<Json>;
          "sequence": number;
          "subtotal_cents": number;
          "tax_cents": number;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "currency": string;
          "discount_cents": number;
          "issued_at": string;
          "lines": NonNullable<Json>;
          "livemode": boolean;
          "number": string;
          "paid_at": string;
          "paid_cents": number;
          "purchase_id": string;
          "seller": NonNullable<Json>;
          "sequence": number;
          "subtotal_cents": number;
          "tax_cents": number;
          "user_id": string;
        };
        Update: {
          "currency"?: string;
          "discount_cents"?: number;
          "issued_at"?: string;
          "lines"?: NonNullable<Json>;
          "livemode"?: boolean;
          "number"?: string;
          "paid_at"?: string;
          "paid_cents"?: number;
          "purchase_id"?: string;
          "seller"?: NonNullable<Json>;
          "sequence"?: number;
          "subtotal_cents"?: number;
          "tax_cents"?: number;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "receipts_user_id_purchase_id_fkey";
            columns: ["user_id", "purchase_id"];
            isOneToOne: true;
            referencedRelation: "purchases";
            referencedColumns: ["user_id", "id"];
          },
        ];
      };
      "redemptions": {
        Row: {
          "amount_micros": number;
          "campaign": string;
          "code": string;
          "created_at": string;
          "grant_id": number | null;
          "id": string;
          "purchase_id": string | null;
          "status": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "amount_micros": number;
          "campaign": string;
          "code": string;
          "created_at": string;
          "grant_id"?: number | null;
          "id"?: string;
          "purchase_id"?: string | null;
          "status": string;
          "user_id": string;
        };
        Update: {
          "amount_micros"?: number;
          "campaign"?: string;
          "code"?: string;
          "created_at"?: string;
          "grant_id"?: number | null;
          "id"?: string;
          "purchase_id"?: string | null;
          "status"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "redemptions_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "redemptions_user_id_grant_id_fkey";
            columns: ["user_id", "grant_id"];
            isOneToOne: false;
            referencedRelation: "credit_grants";
            referencedColumns: ["user_id", "id"];
          },
          {
            foreignKeyName: "redemptions_user_id_purchase_id_fkey";
            columns: ["user_id", "purchase_id"];
            isOneToOne: false;
            referencedRelation: "purchases";
            referencedColumns: ["user_id", "id"];
          },
        ];
      };
      "subscription_plans": {
        Row: {
          "active": boolean;
          "code": string;
          "credit_micros": number;
          "currency": string;
          "lookup_key": string;
          "name": string;
          "period": string;
          "position": number;
          "price_cents": number;
          "rate_plan": string | null;
          "rollover": string;
          "rollover_cap_micros": number | null;
        };
        ComputedFields: never;
        Insert: {
          "active"?: boolean;
          "code": string;
          "credit_micros": number;
          "currency"?: string;
          "lookup_key"?: never;
          "name": string;
          "period": string;
          "position"?: number;
          "price_cents": number;
          "rate_plan"?: string | null;
          "rollover"?: string;
          "rollover_cap_micros"?: number | null;
        };
        Update: {
          "active"?: boolean;
          "code"?: string;
          "credit_micros"?: number;
          "currency"?: string;
          "lookup_key"?: never;
          "name"?: string;
          "period"?: string;
          "position"?: number;
          "price_cents"?: number;
          "rate_plan"?: string | null;
          "rollover"?: string;
          "rollover_cap_micros"?: number | null;
        };
        Relationships: [];
      };
      "subscriptions": {
        Row: {
          "cancel_at_period_end": boolean;
          "cancel_url": string;
          "check_count": number;
          "checkout_url": string | null;
          "created_at": string;
          "current_period_end": string | null;
          "current_period_start": string | null;
          "ended_at": string | null;
          "id": string;
          "idempotency_key": string;
          "livemode": boolean;
          "next_check_at": string;
          "next_plan_code": string | null;
          "plan_code": string;
          "rate_plan_before": string | null;
          "rate_plan_given": string | null;
          "status": string;
          "stripe_session_id": string | null;
          "stripe_subscription_id": string | null;
          "success_url": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "cancel_at_period_end"?: boolean;
          "cancel_url": string;
          "check_count"?: number;
          "checkout_url"?: string | null;
          "created_at": string;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "ended_at"?: string | null;
          "id"?: string;
          "idempotency_key": string;
          "livemode": boolean;
          "next_check_at": string;
          "next_plan_code"?: string | null;
          "plan_code": string;
          "rate_plan_before"?: string | null;
          "rate_plan_given"?: string | null;
          "status"?: string;
          "stripe_session_id"?: string | null;
          "stripe_subscription_id"?: string | null;
          "success_url": string;
          "user_id": string;
        };
        Update: {
          "cancel_at_period_end"?: boolean;
          "cancel_url"?: string;
          "check_count"?: number;
          "checkout_url"?: string | null;
          "created_at"?: string;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "ended_at"?: string | null;
          "id"?: string;
          "idempotency_key"?: string;
          "livemode"?: boolean;
          "next_check_at"?: string;
          "next_plan_code"?: string | null;
          "plan_code"?: string;
          "rate_plan_before"?: string | null;
          "rate_plan_given"?: string | null;
          "status"?: string;
          "stripe_session_id"?: string | null;
          "stripe_subscription_id"?: string | null;
          "success_url"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "subscriptions_next_plan_code_fkey";
            columns: ["next_plan_code"];
            isOneToOne: false;
            referencedRelation: "subscription_plans";
            referencedColumns: ["code"];
          },
          {
            foreignKeyName: "subscriptions_plan_code_fkey";
            columns: ["plan_code"];
            isOneToOne: false;
            referencedRelation: "subscription_plans";
            referencedColumns: ["code"];
          },
          {
            foreignKeyName: "subscriptions_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "transactions": {
        Row: {
          "amount_micros": number;
          "balance_after_micros": number;
          "call_id": string | null;
          "counter_account": string;
          "created_at": string;
          "description": string;
          "kind": string;
          "line": number;
          "purchase_id": string | null;
          "reason": string | null;
          "reverses_line": number | null;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "amount_micros": number;
          "balance_after_micros": number;
          "call_id"?: string | null;
          "counter_account": string;
          "created_at": string;
          "description": string;
          "kind": string;
          "line": number;
          "purchase_id"?: string | null;
          "reason"?: string | null;
          "reverses_line"?: number | null;
          "user_id": string;
        };
        Update: {
          "amount_micros"?: number;
          "balance_after_micros"?: number;
          "call_id"?: string | null;
          "counter_account"?: string;
          "created_at"?: string;
          "description"?: string;
          "kind"?: string;
          "line"?: number;
          "purchase_id"?: string | null;
          "reason"?: string | null;
          "reverses_line"?: number | null;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "transactions_user_id_call_id_fkey";
            columns: ["user_id", "call_id"];
            isOneToOne: false;
            referencedRelation: "call_logs";
            referencedColumns: ["user_id", "id"];
          },
          {
            foreignKeyName: "transactions_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "transactions_user_id_purchase_id_fkey";
            columns: ["user_id", "purchase_id"];
            isOneToOne: false;
            referencedRelation: "purchases";
            referencedColumns: ["user_id", "id"];
          },
          {
            foreignKeyName: "transactions_user_id_reverses_line_fkey";
            columns: ["user_id", "reverses_line"];
            isOneToOne: false;
            referencedRelation: "transactions";
            referencedColumns: ["user_id", "line"];
          },
        ];
      };
      "users": {
        Row: {
          "balance_micros": number;
          "closed_at": string | null;
          "created_at": string;
          "credit_limit_micros": number;
          "currency": string;
          "daily_spend_limit_micros": number | null;
          "held_micros": number;
          "id": string;
          "last_line": number;
          "low_balance_threshold_micros": number | null;
          "max_concurrent_calls": number | null;
          "rate_plan": string | null;
          "spend_day": string | null;
          "spend_day_micros": number;
          "status": string;
          "warning_thresholds_seconds": (number)[];
        };
        ComputedFields: never;
        Insert: {
          "balance_micros"?: number;
          "closed_at"?: string | null;
          "created_at": string;
          "credit_limit_micros"?: number;
          "currency"?: string;
          "daily_spend_limit_micros"?: number | null;
          "held_micros"?: number;
          "id": string;
          "last_line"?: number;
          "low_balance_threshold_micros"?: number | null;
          "max_concurrent_calls"?: number | null;
          "rate_plan"?: string | null;
          "spend_day"?: string | null;
          "spend_day_micros"?: number;
          "status"?: string;
          "warning_thresholds_seconds"?: (number)[];
        };
        Update: {
          "balance_micros"?: number;
          "closed_at"?: string | null;
          "created_at"?: string;
          "credit_limit_micros"?: number;
          "currency"?: string;
          "daily_spend_limit_micros"?: number | null;
          "held_micros"?: number;
          "id"?: string;
          "last_line"?: number;
          "low_balance_threshold_micros"?: number | null;
          "max_concurrent_calls"?: number | null;
          "rate_plan"?: string | null;
          "spend_day"?: string | null;
          "spend_day_micros"?: number;
          "status"?: string;
          "warning_thresholds_seconds"?: (number)[];
        };
        Relationships: [
          {
            foreignKeyName: "users_rate_plan_is_of_the_wallets_currency";
            columns: ["rate_plan", "currency"];
            isOneToOne: false;
            referencedRelation: "rate_plans";
            referencedColumns: ["code", "currency"];
          },
        ];
      };
    };
    Views: {
      [_ in never]: never;
    };
    Functions: {
      "add_promo_codes": {
        Args: {
          "actor_id"?: string;
          "campaign": string;
          "codes"?: (string)[];
          "count"?: number;
          "max_redemptions"?: number;
          "reason": string;
        };
        Returns: Json;
      };
      "answer_call": { Args: { "call_id": string; "user_id"?: string }; Returns: Json };
      "apply_checkout_session": {
        Args: { "purchase_id": string; "session": Json; "user_id": string };
        Returns: Json;
      };
      "apply_dispute": { Args: { "dispute": Json }; Returns: Json };
      "apply_found_session": { Args: { "session": Json }; Returns: Json };
      "apply_invoice": { Args: { "invoice": Json }; Returns: Json };
      "apply_payment_intent": { Args: { "intent": Json }; Returns: Json };
      "apply_refund": { Args: { "refund": Json }; Returns: Json };
      "apply_subscription": { Args: { "subscription": Json }; Returns: Json };
      "attach_checkout_session": {
        Args: {
          "checkout_url": string;
          "livemode": boolean;
          "purchase_id": string;
          "session_expires_at": string;
          "stripe_customer_id"?: string;
          "stripe_price_id"?: string;
          "stripe_session_id": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "attach_subscription_session": {
        Args: {
          "checkout_url": string;
          "livemode": boolean;
          "stripe_price_id"?: string;
          "stripe_session_id": string;
          "subscription_id": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "begin_billing": {
        Args: { "action": string; "payment_method_id"?: string; "urls"?: Json; "user_id": string };
        Returns: Json;
      };
      "begin_reconcile_run": { Args: Record<PropertyKey, never>; Returns: Json };
      "begin_refund": {
        Args: {
          "actor_id"?: string;
          "amount_cents"?: number;
          "idempotency_key": string;
          "purchase_id": string;
          "reason": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "begin_reload_charge": { Args: { "purchase_id": string; "user_id": string }; Returns: Json };
      "check_promo_code": {
        Args: { "code": string; "package_code"?: string; "user_id"?: string };
        Returns: Json;
      };
      "claim_due_purchases": { Args: { "batch_size"?: number }; Returns: Json };
      "claim_due_refunds": { Args: { "batch_size"?: number }; Returns: Json };
      "claim_due_reloads": { Args: { "batch_size"?: number }; Returns: Json };
      "claim_due_subscriptions": { Args: { "batch_size"?: number }; Returns: Json };
      "claim_notifications": { Args: { "batch_size"?: number }; Returns: Json };
      "claim_referral": { Args: { "code": string; "user_id"?: string }; Returns: Json };
      "create_campaign": { Args: { "actor_id"?: string; "campaign": Json; "reason": string }; Returns: Json };
      "create_purchase": {
        Args: {
          "cancel_url": string;
          "idempotency_key": string;
          "package_code": string;
          "promo_code"?: string;
          "success_url": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "create_subscription": {
        Args: {
          "cancel_url": string;
          "idempotency_key": string;
          "plan_code": string;
          "success_url": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "disable_auto_reload": { Args: { "user_id"?: string }; Returns: Json };
      "end_call": {
        Args: { "call_id": string; "duration_seconds"?: number; "reason"?: string; "user_id"?: string };
        Returns: Json;
      };
      "estimate_call": {
        Args: { "destination": string; "duration_seconds"?: number; "user_id"?: string };
        Returns: Json;
      };
      "expire_subscription_session": {
        Args: { "subscription_id": string; "user_id": string };
        Returns: Json;
      };
      "explain_call": { Args: { "call_id": string; "user_id"?: string }; Returns: Json };
      "extend_call": {
        Args: {
          "call_id": string;
          "elapsed_seconds"?: number;
          "request_number"?: number;
          "user_id"?: string;
        };
        Returns: Json;
      };
      "extend_grant": {
        Args: {
          "actor_id"?: string;
          "expires_at": string;
          "grant_id": number;
          "reason": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "fail_refund_request": {
        Args: { "error": string; "refund_id": string; "user_id": string };
        Returns: Json;
      };
      "fail_reload": { Args: { "error": string; "purchase_id": string; "user_id": string }; Returns: Json };
      "filter_new_events": { Args: { "event_ids": (string)[] }; Returns: Json };
      "filter_unsettled": { Args: { "object_ids": (string)[] }; Returns: Json };
      "find_purchase": {
        Args: { "purchase_id"?: string; "stripe_session_id"?: string; "user_id": string };
        Returns: Json;
      };
      "find_subscription": { Args: { "plan_code"?: string; "user_id": string }; Returns: Json };
      "find_subscription_page": {
        Args: { "stripe_session_id"?: string; "subscription_id"?: string; "user_id": string };
        Returns: Json;
      };
      "finish_reconcile_run": {
        Args: { "counts": Json; "error"?: string; "run_id": number };
        Returns: undefined;
      };
      "forget_stripe_customer": { Args: { "customer_id": string; "user_id": string }; Returns: undefined };
      "forget_stripe_price": { Args: { "lookup_key": string }; Returns: undefined };
      "get_auto_reload": { Args: { "user_id"?: string }; Returns: Json };
      "get_balance": { Args: { "user_id"?: string }; Returns: Json };
      "get_call": { Args: { "call_id": string; "user_id"?: string }; Returns: Json };
      "get_notification_preferences": { Args: { "user_id"?: string }; Returns: Json };
      "get_receipt": { Args: { "purchase_id": string; "user_id"?: string }; Returns: Json };
      "get_referral_code": { Args: { "user_id"?: string }; Returns: Json };
      "get_statement": {
        Args: { "before_line"?: number; "page_size"?: number; "user_id"?: string };
        Returns: Json;
      };
      "import_call_records": { Args: { "records": Json }; Returns: Json };
      "list_packages": { Args: Record<PropertyKey, never>; Returns: Json };
      "list_payment_methods": { Args: { "user_id"?: string }; Returns: Json };
      "list_rates": {
        Args: { "after_prefix"?: string; "page_size"?: number; "rate_plan"?: string };
        Returns: Json;
      };
      "load_rate_sheet": {
        Args: { "effective_from"?: string; "rate_plan": string; "sheet": string };
        Returns: Json;
      };
      "record_deliveries": { Args: { "outcomes": Json }; Returns: Json };
      "record_events": { Args: { "events": Json }; Returns: undefined };
      "record_purchase_check_failure": {
        Args: { "error": string; "purchase_id": string; "user_id": string };
        Returns: undefined;
      };
      "redeem_code": { Args: { "code": string; "user_id"?: string }; Returns: Json };
      "refund_call": {
        Args: { "amount_micros"?: number; "call_id": string; "reason": string; "user_id": string };
        Returns: Json;
      };
      "requeue_deliveries": {
        Args: { "actor_id"?: string; "notification_ids"?: (number)[]; "reason": string };
        Returns: Json;
      };
      "rerate_calls": {
        Args: {
          "dry_run"?: boolean;
          "rate_plan": string;
          "reason": string;
          "started_before": string;
          "started_from": string;
          "user_id"?: string;
        };
        Returns: Json;
      };
      "resolve_referral": {
        Args: { "actor_id"?: string; "decision": string; "reason": string; "referred_id": string };
        Returns: Json;
      };
      "resolve_review": {
        Args: {
          "actor_id"?: string;
          "decision": string;
          "purchase_id": string;
          "reason": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "resolve_unmatched_payment": {
        Args: { "actor_id"?: string; "id": string; "kind": string; "reason": string };
        Returns: Json;
      };
      "save_payment_methods": {
        Args: { "customer_id": string; "default_id"?: string; "methods": Json; "user_id": string };
        Returns: Json;
      };
      "save_stripe_customer": { Args: { "customer_id": string; "user_id": string }; Returns: undefined };
      "save_walk": {
        Args: { "after": string; "done": boolean; "name": string; "run_id": number };
        Returns: Json;
      };
      "set_auto_reload": {
        Args: {
          "consent": boolean;
          "consent_text": string;
          "monthly_cap_cents": number;
          "package_code": string;
          "payment_method_id"?: string;
          "threshold_micros": number;
          "user_id"?: string;
        };
        Returns: Json;
      };
      "set_notification_preferences": {
        Args: {
          "call_cut_off"?: boolean;
          "credit_expiring"?: boolean;
          "low_balance"?: boolean;
          "low_balance_threshold_micros"?: number;
          "referral_rewarded"?: boolean;
          "user_id"?: string;
        };
        Returns: Json;
      };
      "start_call": {
        Args: { "answered"?: boolean; "call_id": string; "destination": string; "user_id"?: string };
        Returns: Json;
      };
      "sweep_calls": { Args: { "batch_size"?: number }; Returns: Json };
      "unsubscribe": { Args: { "token": string }; Returns: Json };
      "void_grant": {
        Args: { "actor_id"?: string; "grant_id": number; "reason": string; "user_id": string };
        Returns: Json;
      };
    };
    Enums: {
      [_ in never]: never;
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Insert: infer I;
  } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Update: infer U;
  } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {},
  },
} as const;
