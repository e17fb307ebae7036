import Stripe from "stripe";

/** The simulator speaks the version the installed SDK is pinned to. */
export const API_VERSION: string = Stripe.API_VERSION;
