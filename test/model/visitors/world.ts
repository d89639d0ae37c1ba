/** One hub and three sites, each site as two processes; and what happens to all of them. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RequestListener } from 'node:http'

import type { Hub, Store } from 'session-hub/hub'
import type { Site } from 'session-hub/site'

import type { Line } from './line.js'
import { type OwnTime, turns } from './own-time.js'
import { type Plan, PROCESSES, SITES } from './plan.js'

export const GRACE_SECONDS = 600

/** Longer than a site leaves its hub alone after a failure. */
const PAUSE_MS = 11_000

interface SiteProcess {
  readonly site: Site
  readonly app: RequestListener
  skewMs: number
}

export interface WorldSite {
  readonly origin: string
  readonly processes: readonly SiteProcess[]
}

export class World {
  readonly time: OwnTime
  readonly line: Line
  readonly hub: Hub
  readonly hubApp: RequestListener
  readonly hubOrigin: string
  readonly store: Store
  readonly sites: readonly WorldSite[]
  readonly rules: { conflict: Plan['conflict'] }
  /** What nobody has caught: a visitor's request must not end a site's process. */
  readonly unheard: unknown[] = []
  readonly #note = (reason: unknown) => void this.unheard.push(reason)

  constructor(
    parts: Pick<World, 'time' | 'line' | 'hub' | 'hubApp' | 'hubOrigin' | 'store' | 'sites' | 'rules'>,
  ) {
    this.time = parts.time
    this.line = parts.line
    this.hub = parts.hub
    this.hubApp = parts.hubApp
    this.hubOrigin = parts.hubOrigin
    this.store = parts.store
    this.sites = parts.sites
    this.rules = parts.rules
    process.on('unhandledRejection', this.#note)
  }

  app(site: number, process: number): RequestListener {
    return this.sites[site]!.processes[process]!.app
  }

  origin(site: number): string {
    return this.sites[site]!.origin
  }

  skew(site: number, seconds: number): void {
    this.sites[site]!.processes.at(-1)!.skewMs = seconds * 1000
  }

  async advance(seconds: number): Promise<void> {
    this.time.advance(seconds * 1000)
    // A cache looks at the clock once in a millisecond.
    await delay(2)
  }

  async cut(): Promise<void> {
    this.line.cut()
    await turns(6)
  }

  async mend(): Promise<void> {
    if (this.line.isUp) return
    this.line.mend()
    await this.waitForPause()
    await this.settle()
  }

  /** So long a site leaves a hub alone, at most, that did not answer. */
  waitForPause(): Promise<void> {
    return this.advance(PAUSE_MS / 1000)
  }

  /** Every process knows what has ended, if it can. */
  async settle(): Promise<void> {
    this.time.wake()
    await turns(5)
    const processes = this.line.isUp ? SITES * PROCESSES : 0
    for (let tries = 0; this.line.streams < processes; tries += 1) {
      if (tries > 500) throw new Error(`Only ${this.line.streams} processes listen to the hub`)
      await delay(1)
      this.time.wake()
      await turns(5)
    }
  }

  /** As at the beginning, but for the time. */
  async tidy(conflict: Plan['conflict']): Promise<void> {
    await this.mend()
    for (const { processes } of this.sites) for (const each of processes) each.skewMs = 0
    this.rules.conflict = conflict
    this.unheard.length = 0
  }

  async close(): Promise<void> {
    process.off('unhandledRejection', this.#note)
    for (const { processes } of this.sites) for (const { site } of processes) site.close()
    await this.line.close()
    await this.hub.close()
    this.time.giveBack()
  }
}
