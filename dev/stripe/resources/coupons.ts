import { invalid, missing, missingReference } from "../errors.ts";
import { newId, randomText } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import {
  decimal,
  flag,
  integer,
  mergeMetadata,
  metadata,
  oneOf,
  parameters,
  required,
  shape,
  text,
} from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { Coupon, PromotionCode } from "../types.ts";
import { currency } from "./prices.ts";

const readCoupon = parameters({
  amount_off: integer({ min: 1 }),
  currency: currency(),
  duration: oneOf(["once", "forever", "repeating"]),
  duration_in_months: integer({ min: 1 }),
  id: text(),
  max_redemptions: integer({ min: 1 }),
  metadata: metadata(),
  name: text({ max: 40 }),
  percent_off: decimal(),
  redeem_by: integer(),
});

function createCoupon(sim: Simulator, params: ReturnType<typeof readCoupon>): Coupon {
  if ((params.amount_off === undefined) === (params.percent_off === undefined)) {
    throw invalid("You must pass exactly one of `percent_off` or `amount_off`.", "percent_off");
  }
  if (params.percent_off !== undefined && (params.percent_off <= 0 || params.percent_off > 100)) {
    throw invalid("Invalid percent_off: must be greater than 0 and at most 100.", "percent_off");
  }
  if (params.amount_off !== undefined && !params.currency) {
    throw invalid("You must pass `currency` when passing `amount_off`.", "currency", "parameter_missing");
  }
  if (params.id && sim.store.coupons.get(params.id)) {
    throw invalid("Coupon already exists.", "id", "resource_already_exists");
  }
  const coupon = sim.store.coupons.put(
    {
      id: params.id ?? randomText(8),
      object: "coupon",
      amount_off: params.amount_off ?? null,
      created: sim.now(),
      currency: params.currency ?? null,
      duration: params.duration ?? "once",
      duration_in_months: params.duration_in_months ?? null,
      livemode: false,
      max_redemptions: params.max_redemptions ?? null,
      metadata: mergeMetadata(null, params.metadata),
      name: params.name ?? null,
      percent_off: params.percent_off ?? null,
      redeem_by: params.redeem_by ?? null,
      times_redeemed: 0,
      valid: true,
    } satisfies Coupon,
  );
  sim.events.emit("coupon.created", coupon);
  return coupon;
}

function getCoupon(sim: Simulator, id: string): Coupon {
  const coupon = sim.store.coupons.get(id);
  if (!coupon) throw missing("coupon", id, "id");
  return coupon;
}

/** A coupon that can be redeemed now; `param` is where the request named it. */
export function redeemableCoupon(sim: Simulator, id: string, param: string): Coupon {
  const coupon = sim.store.coupons.get(id);
  if (!coupon) throw missingReference("coupon", id, param);
  const expired = coupon.redeem_by !== null && coupon.redeem_by <= sim.now();
  if (!coupon.valid || expired) {
    throw invalid(`Coupon ${id} is expired and cannot be applied.`, param, "coupon_expired");
  }
  return coupon;
}

export function discountOf(coupon: Coupon, subtotal: number): number {
  if (coupon.amount_off !== null) return Math.min(subtotal, coupon.amount_off);
  return Math.min(subtotal, Math.round(subtotal * (coupon.percent_off ?? 0) / 100));
}

export function redeem(sim: Simulator, discount: { coupon: string; promotion_code: string | null }): void {
  const coupon = sim.store.coupons.need(discount.coupon);
  coupon.times_redeemed += 1;
  if (coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions) {
    coupon.valid = false;
  }
  sim.store.coupons.put(coupon);
  if (!discount.promotion_code) return;
  const code = sim.store.promotionCodes.need(discount.promotion_code);
  code.times_redeemed += 1;
  if (code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions) code.active = false;
  sim.store.promotionCodes.put(code);
}

const readCode = parameters({
  active: flag(),
  code: text({ max: 500 }),
  customer: text(),
  expires_at: integer(),
  max_redemptions: integer({ min: 1 }),
  metadata: metadata(),
  promotion: required(shape({ type: required(oneOf(["coupon"])), coupon: required(text()) })),
});

function createCode(sim: Simulator, params: ReturnType<typeof readCode>): PromotionCode {
  const coupon = redeemableCoupon(sim, params.promotion.coupon, "promotion[coupon]");
  const code = params.code ?? randomText(8).toUpperCase();
  if (activeCode(sim, code)) {
    throw invalid("An active promotion code with `code: " + code + "` already exists.", "code");
  }
  const promotionCode = sim.store.promotionCodes.put(
    {
      id: newId("promo"),
      object: "promotion_code",
      active: params.active ?? true,
      code,
      created: sim.now(),
      customer: params.customer ?? null,
      customer_account: null,
      expires_at: params.expires_at ?? null,
      livemode: false,
      max_redemptions: params.max_redemptions ?? null,
      metadata: mergeMetadata(null, params.metadata),
      promotion: { type: "coupon", coupon: coupon.id },
      restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
      times_redeemed: 0,
    } satisfies PromotionCode,
  );
  sim.events.emit("promotion_code.created", promotionCode);
  return promotionCode;
}

/** The code as a person types it: case does not matter. */
export function activeCode(sim: Simulator, code: string): PromotionCode | undefined {
  const wanted = code.trim().toLowerCase();
  return sim.store.promotionCodes.find((each) =>
    each.active && each.code.toLowerCase() === wanted &&
    (each.expires_at === null || each.expires_at > sim.now())
  );
}

export const couponRoutes: Route[] = [
  route("POST", "/v1/coupons", readCoupon, ({ sim, params }) => createCoupon(sim, params)),
  route(
    "GET",
    "/v1/coupons",
    parameters({ ...paging, created: range() }),
    ({ sim, params }) => listOf(sim.store.coupons, params, "/v1/coupons"),
  ),
  route("GET", "/v1/coupons/:id", parameters({}), ({ sim, ids }) => getCoupon(sim, ids[0]!)),
  route("DELETE", "/v1/coupons/:id", parameters({}), ({ sim, ids }) => {
    const coupon = getCoupon(sim, ids[0]!);
    sim.store.coupons.remove(coupon.id);
    sim.events.emit("coupon.deleted", coupon);
    return { id: coupon.id, object: "coupon", deleted: true };
  }),
  route("POST", "/v1/promotion_codes", readCode, ({ sim, params }) => createCode(sim, params)),
  route(
    "GET",
    "/v1/promotion_codes",
    parameters({ ...paging, active: flag(), code: text(), coupon: text(), created: range() }),
    ({ sim, params }) =>
      listOf(sim.store.promotionCodes, params, "/v1/promotion_codes", {
        passes: (each) =>
          (params.active === undefined || each.active === params.active) &&
          (!params.code || each.code.toLowerCase() === params.code.toLowerCase()) &&
          (!params.coupon || each.promotion.coupon === params.coupon),
      }),
  ),
  route("GET", "/v1/promotion_codes/:id", parameters({}), ({ sim, ids }) => {
    const code = sim.store.promotionCodes.get(ids[0]!);
    if (!code) throw missing("promotion code", ids[0]!, "promotion_code");
    return code;
  }),
];
