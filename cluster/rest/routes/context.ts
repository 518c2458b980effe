/**
 * What routes are made from.
 *
 * @module
 */

import type { Clock } from "../../../runtime/seams/clock.ts";
import type { RestGateways } from "../gateways.ts";
import { RestError } from "../rest_error.ts";
import type { MetricRates } from "../shapes/metric_rates.ts";

/** Made once per server. */
export interface RouteContext extends RestGateways {
  readonly clock: Clock;
  readonly rates: MetricRates;
  readonly settings: RestSettings;
}

/** What the configuration says about REST. */
export interface RestSettings {
  /** Version of tsflink. */
  readonly version: string;
  readonly commit: string;
  readonly refreshIntervalMs: number;
  readonly isSubmitEnabled: boolean;
  readonly isCancelEnabled: boolean;
  /** Largest request, bytes. */
  readonly maxContentLength: number;
  /** Origin whose pages may ask; undefined: none but those of the JobManager. */
  readonly allowedOrigin?: string;
  /** Clients must show it; undefined: they need not. */
  readonly token?: string;
  readonly timeZone: { readonly name: string; readonly offsetMs: number };
}

/** @throws RestError 501 TSF-4144 for what is part of Flink's REST and not there yet. */
export function notAvailableYet(what: string): RestError {
  return new RestError(501, "TSF-4144", `${what}: not available yet`, {
    expected: "a later version of tsflink",
    found: "this one, whose checkpoints are not durable",
  });
}

/** A gateway, or a method of one, that this JobManager may lack. @throws RestError 501 TSF-4144 when it does. */
export function present<F>(part: F | undefined, what: string): F {
  if (part !== undefined) return part;
  throw new RestError(501, "TSF-4144", `${what}: not available here`, {
    expected: "a JobManager of a cluster",
    found: "one without them",
  });
}
