import { HOUR, MINUTE } from "../clock.ts";
import { invalid, missing, missingReference, notSimulated } from "../errors.ts";
import { newId, randomText } from "../ids.ts";
import { listOf, paging } from "../lists.ts";
import {
  clearable,
  echoed,
  flag,
  list,
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
import type { PortalConfiguration, PortalSession } from "../types.ts";
import { needCustomer } from "./customers.ts";

/** The customer portal, as far as cards go: subscriptions and invoices have no page here. */

const feature = () => shape({ enabled: required(flag()) });

const configurationFields = {
  business_profile: shape({
    headline: clearable(text({ max: 60 })),
    privacy_policy_url: text(),
    terms_of_service_url: text(),
  }),
  default_return_url: clearable(text()),
  features: shape({
    customer_update: shape({ allowed_updates: list(text()), enabled: flag() }),
    invoice_history: feature(),
    payment_method_update: shape({
      enabled: required(flag()),
      payment_method_configuration: clearable(text()),
    }),
    subscription_cancel: feature(),
    subscription_pause: feature(),
    subscription_update: feature(),
  }),
  login_page: shape({ enabled: required(flag()) }),
  metadata: metadata(),
  name: clearable(text()),
};
const readConfiguration = parameters({
  ...configurationFields,
  features: required(configurationFields.features),
});
const readConfigurationUpdate = parameters({ ...configurationFields, active: flag() });

type ConfigurationParams = Partial<ReturnType<typeof readConfigurationUpdate>>;

function createConfiguration(
  sim: Simulator,
  params: ConfigurationParams,
  isDefault: boolean,
): PortalConfiguration {
  const now = sim.now();
  const configuration = {
    id: newId("bpc"),
    object: "billing_portal.configuration",
    active: true,
    application: null,
    business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
    created: now,
    default_return_url: null,
    features: {
      customer_update: { allowed_updates: [], enabled: false },
      invoice_history: { enabled: false },
      payment_method_update: { enabled: false, payment_method_configuration: null },
      subscription_cancel: {
        cancellation_reason: { enabled: false, feedback_options: null, options: [] },
        enabled: false,
        mode: "at_period_end",
        proration_behavior: "none",
      },
      subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: false },
      subscription_update: {
        billing_cycle_anchor: null,
        default_allowed_updates: [],
        enabled: false,
        proration_behavior: "none",
        schedule_at_period_end: { conditions: [] },
        trial_update_behavior: "end_trial",
      },
    },
    is_default: isDefault,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: {},
    name: null,
    updated: now,
  } satisfies PortalConfiguration;
  configure(configuration, params);
  return sim.store.portalConfigurations.put(configuration);
}

function configure(configuration: PortalConfiguration, params: ConfigurationParams): void {
  for (const [name, value] of Object.entries(params.features ?? {})) {
    if (!value) continue;
    if (name !== "payment_method_update" && value.enabled) {
      throw notSimulated(`the portal's ${name}`, `features[${name}]`);
    }
    const features = configuration.features as unknown as Record<string, Record<string, unknown>>;
    const given = Object.entries(value).filter(([, each]) => each !== undefined);
    Object.assign(features[name]!, Object.fromEntries(given));
  }
  if (params.login_page?.enabled) throw notSimulated("the portal's own login page", "login_page[enabled]");
  const profile = Object.entries(params.business_profile ?? {}).filter(([, value]) => value !== undefined);
  Object.assign(configuration.business_profile, Object.fromEntries(profile));
  if (params.active !== undefined) configuration.active = params.active;
  if (params.default_return_url !== undefined) configuration.default_return_url = params.default_return_url;
  if (params.name !== undefined) configuration.name = params.name;
  configuration.metadata = mergeMetadata(configuration.metadata, params.metadata);
}

/** What the dashboard's settings page would have saved. */
function defaultConfiguration(sim: Simulator): PortalConfiguration {
  return sim.store.portalConfigurations.find((each) => each.is_default) ??
    createConfiguration(sim, { features: { payment_method_update: { enabled: true } } as never }, true);
}

function getConfiguration(sim: Simulator, id: string): PortalConfiguration {
  const configuration = sim.store.portalConfigurations.get(id);
  if (!configuration) throw missing("configuration", id, "configuration");
  return configuration;
}

const readSession = parameters({
  configuration: text(),
  customer: required(text()),
  flow_data: shape({
    after_completion: shape({
      hosted_confirmation: shape({ custom_message: text({ max: 500 }) }),
      redirect: shape({ return_url: required(text()) }),
      type: required(oneOf(["hosted_confirmation", "portal_homepage", "redirect"])),
    }),
    subscription_cancel: echoed(),
    subscription_pause: echoed(),
    subscription_update: echoed(),
    subscription_update_confirm: echoed(),
    type: required(oneOf([
      "customer_update",
      "payment_method_update",
      "subscription_cancel",
      "subscription_pause",
      "subscription_update",
      "subscription_update_confirm",
    ])),
  }),
  locale: text(),
  return_url: text({ max: 5000 }),
});
type SessionParams = ReturnType<typeof readSession>;

function createSession(sim: Simulator, params: SessionParams) {
  needCustomer(sim, params.customer);
  const configuration = configurationFor(sim, params);
  const secret = `test_${randomText(40)}`;
  const session: PortalSession = sim.store.portalSessions.put({
    id: newId("bps"),
    object: "billing_portal.session",
    configuration: configuration.id,
    created: sim.now(),
    customer: params.customer,
    customer_account: null,
    flow: flowFrom(params.flow_data),
    livemode: false,
    locale: params.locale ?? null,
    on_behalf_of: null,
    return_url: params.return_url ?? configuration.default_return_url,
    url: `${sim.publicUrl}/p/session/${secret}`,
    secret,
    opened_at: null,
    setup: null,
    awaiting: null,
  });
  const shown = shownSession(session);
  sim.events.emit("billing_portal.session.created", shown);
  return shown;
}

function configurationFor(sim: Simulator, params: SessionParams): PortalConfiguration {
  const { configuration: id, flow_data } = params;
  const chosen = id ? sim.store.portalConfigurations.get(id) : defaultConfiguration(sim);
  if (!chosen) throw missingReference("configuration", id!, "configuration");
  if (!chosen.active) throw invalid("The portal configuration is inactive.", "configuration");
  if (flow_data && flow_data.type !== "payment_method_update") {
    throw notSimulated(`the portal's ${flow_data.type} flow`, "flow_data[type]");
  }
  if (flow_data && !chosen.features.payment_method_update.enabled) {
    throw invalid(
      "This portal configuration has the payment_method_update feature disabled, which the flow needs.",
      "flow_data[type]",
    );
  }
  return chosen;
}

function flowFrom(data: SessionParams["flow_data"]): PortalSession["flow"] {
  if (!data) return null;
  const after = data.after_completion;
  if (after?.type === "redirect" && !after.redirect) {
    const param = "flow_data[after_completion][redirect]";
    throw invalid(`Missing required param: ${param}.`, param, "parameter_missing");
  }
  return {
    after_completion: {
      hosted_confirmation: after?.hosted_confirmation
        ? { custom_message: after.hosted_confirmation.custom_message ?? null }
        : null,
      redirect: after?.redirect ? { return_url: after.redirect.return_url } : null,
      type: after?.type ?? "portal_homepage",
    },
    customer_update: null,
    subscription_cancel: null,
    subscription_pause: null,
    subscription_update: null,
    subscription_update_confirm: null,
    type: data.type,
  };
}

function shownSession(session: PortalSession) {
  const { secret: _, opened_at: __, setup: ___, awaiting: ____, ...shown } = session;
  return shown;
}

const UNOPENED = 5 * MINUTE;

/** The address works for five minutes until somebody opens it, and for an hour from then. */
export function enterPortal(sim: Simulator, secret: string): PortalSession | null {
  const session = sim.store.portalSessions.where("secret", secret)[0];
  if (!session) return null;
  const ends = session.opened_at === null ? session.created + UNOPENED : session.opened_at + HOUR;
  if (sim.now() > ends) return null;
  if (session.opened_at === null) {
    sim.store.portalSessions.put(Object.assign(session, { opened_at: sim.now() }));
  }
  return session;
}

export const portalRoutes: Route[] = [
  route("POST", "/v1/billing_portal/sessions", readSession, ({ sim, params }) => createSession(sim, params)),
  route("POST", "/v1/billing_portal/configurations", readConfiguration, ({ sim, params }) => {
    const configuration = createConfiguration(sim, params, false);
    sim.events.emit("billing_portal.configuration.created", configuration);
    return configuration;
  }),
  route(
    "GET",
    "/v1/billing_portal/configurations",
    parameters({ ...paging, active: flag(), is_default: flag() }),
    ({ sim, params }) => {
      defaultConfiguration(sim);
      return listOf(sim.store.portalConfigurations, params, "/v1/billing_portal/configurations", {
        passes: (each) =>
          (params.active === undefined || each.active === params.active) &&
          (params.is_default === undefined || each.is_default === params.is_default),
      });
    },
  ),
  route(
    "GET",
    "/v1/billing_portal/configurations/:id",
    parameters({}),
    ({ sim, ids }) => getConfiguration(sim, ids[0]!),
  ),
  route(
    "POST",
    "/v1/billing_portal/configurations/:id",
    readConfigurationUpdate,
    ({ sim, ids, params }) => {
      const configuration = getConfiguration(sim, ids[0]!);
      configure(configuration, params);
      configuration.updated = sim.now();
      sim.store.portalConfigurations.put(configuration);
      sim.events.emit("billing_portal.configuration.updated", configuration, {});
      return configuration;
    },
  ),
];
