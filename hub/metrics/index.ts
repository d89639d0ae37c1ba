/** `session-hub/hub/metrics`: measures what a hub does, for Prometheus. */
import type { RequestListener } from 'node:http'

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import type { HubMeter } from '../meter.js'

export type { HubMeter }

export interface HubMetricsOptions {
  /**
   * The registry of your application, to which the metrics are added.
   *
   * @default a registry of their own, with Node's process and event-loop metrics besides
   */
  readonly registry?: Registry
}

export interface HubMetrics extends HubMeter {
  readonly registry: Registry
  /** Answers `GET /metrics`: `createServer(metrics.listener).listen(9464, '127.0.0.1')`. Anybody who can reach it can read it. */
  readonly listener: RequestListener
}

/** From half a millisecond, which a cheap request takes, to durations that visitors notice. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/**
 * Makes the meter for `createHub({ metrics })`. Needs the package `prom-client`.
 *
 * @throws SessionHubError `options_invalid`
 * @example
 * const metrics = hubMetrics()
 * const hub = await createHub({ ..., metrics })
 * createServer(metrics.listener).listen(9464, '127.0.0.1')
 */
export function hubMetrics(options: HubMetricsOptions = {}): HubMetrics {
  refuseUnknown('hubMetrics', options, ['registry'])
  const registry = options.registry ?? new Registry()
  if (typeof (registry as Partial<Registry>).registerMetric !== 'function')
    throw wrong('hubMetrics', '"registry" has to be a Registry of prom-client')
  if (options.registry === undefined) collectDefaultMetrics({ register: registry })
  const registers = [registry]

  const requests = new Histogram({
    name: 'session_hub_request_duration_seconds',
    help: 'How long the hub took to answer, by route and status',
    labelNames: ['route', 'status'],
    buckets: SECONDS,
    registers,
  })
  const syncs = new Counter({
    name: 'session_hub_syncs_total',
    help: 'What the hub told pages and visitors who asked for the session, by rung and outcome',
    labelNames: ['rung', 'outcome'],
    registers,
  })
  const redemptions = new Counter({
    name: 'session_hub_redemptions_total',
    help: 'Tickets that sites tried to redeem, by result',
    labelNames: ['result'],
    registers,
  })
  const refusals = new Counter({
    name: 'session_hub_refusals_total',
    help: 'Requests that were refused or failed, by error code',
    labelNames: ['code'],
    registers,
  })
  const store = new Histogram({
    name: 'session_hub_store_duration_seconds',
    help: 'How long the store took to answer, by method',
    labelNames: ['method'],
    buckets: SECONDS,
    registers,
  })
  const storeFailures = new Counter({
    name: 'session_hub_store_failures_total',
    help: 'What the store could not answer, by method',
    labelNames: ['method'],
    registers,
  })
  let openStreams = () => 0
  new Gauge({
    name: 'session_hub_event_streams',
    help: 'Event streams of sites that are open in this process',
    registers,
    collect() {
      this.set(openStreams())
    },
  })
  let liveSessions = (): Promise<number | undefined> => Promise.resolve(undefined)
  new Gauge({
    name: 'session_hub_live_sessions',
    help: 'About how many sessions are live in the store, the same in each process; counted once a minute at most',
    registers,
    async collect() {
      const live = await liveSessions()
      // No number is better than a wrong one.
      if (live === undefined) this.remove()
      else this.set(live)
    },
  })

  return {
    registry,
    listener(req, res) {
      if (req.url?.split('?')[0] !== '/metrics' || req.method !== 'GET') {
        res.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not found\n')
        return
      }
      registry.metrics().then(
        (text) => res.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => res.writeHead(500).end(),
      )
    },
    requested(route, status, seconds) {
      requests.observe({ route, status }, seconds)
    },
    synced(rung, outcome) {
      syncs.inc({ rung, outcome })
    },
    redeemed(result) {
      redemptions.inc({ result })
    },
    refused(code) {
      refusals.inc({ code })
    },
    storeAsked(method, seconds, isFailed) {
      store.observe({ method }, seconds)
      if (isFailed) storeFailures.inc({ method })
    },
    streams(count) {
      openStreams = count
    },
    live(count) {
      liveSessions = count
    },
  }
}
