/**
 * Sites in the store. Each process of the hub reads what has changed, several times a second. No answer relies on a list older than one
 * second: by then a site that was turned off is refused, and if the store does not answer, its sites are `unavailable` (R21).
 */
import { SessionHubError, toSessionHubError } from '../../sdk/protocol/errors.js'
import { type Log, logError, reasonOf } from '../../sdk/settings/log.js'
import type { NumberedSite, Store } from '../stores/store.js'
import { createSiteSeal, type SiteRecord } from './sealing.js'
import { readSite, type Site } from './site.js'
import type { KeyObject } from 'node:crypto'

interface FoundSite {
  readonly seq: number
  readonly record: SiteRecord
}

export interface StoredSites {
  /** Whether this exact origin or wildcard is registered, whatever its state. */
  has(origin: string): boolean
  /** The origins of all registered sites, whatever their state; `undefined` until they have been read for the first time. */
  origins(): readonly string[] | undefined
  /** Returns `undefined` if the site is turned off, waits for its proof, or does not exist. @throws SessionHubError `unavailable` */
  find(origin: string): Promise<Site | undefined>
  /** Reads the site from the store now; a removed site has only its number. @throws SessionHubError `unavailable` */
  read(origin: string): Promise<{ readonly seq: number; readonly record: SiteRecord | undefined }>
  /** Reads all sites from the store now, in alphabetical order. @throws SessionHubError `unavailable` */
  all(): Promise<readonly FoundSite[]>
  /** Seals the site, and writes it unless somebody else has changed it meanwhile. @returns whether it was written */
  put(
    origin: string,
    record: SiteRecord | undefined,
    wasSeq: number,
    audit: Parameters<Store['putSite']>[0]['audit'],
  ): Promise<boolean>
  stop(): void
}

interface Entry {
  readonly seq: number
  readonly sealed: string
  /** Opened and checked when it is first needed: only a few sites have visitors at once. */
  site?: Site | undefined
  isRead?: true
}

const EVERY_MS = 200
/** A list older than this decides nothing. */
const STALE_MS = 1000
const RANGE_EVERY_MS = 5000
const BATCH = 1000

export interface StoredSitesParts {
  readonly store: Store
  readonly secret: KeyObject
  readonly log: Log
  /** Called after sites have changed. */
  readonly changed: () => void
  /** `false` for a command, which reads only when it is told to. @default true */
  readonly isFollowing?: boolean
}

export function createStoredSites(parts: StoredSitesParts): StoredSites {
  const { store, log, changed, isFollowing = true } = parts
  const seal = createSiteSeal(parts.secret)
  const entries = new Map<string, Entry>()
  const removed = new Map<string, number>()
  let [seq, epoch] = [0, '']
  let readMs = -Infinity
  let rangeMs = -Infinity
  let reading: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let [isStopped, isFailing] = [false, false]

  async function readChanges(): Promise<void> {
    const beganMs = performance.now()
    let isChanged = false
    if (beganMs - rangeMs >= RANGE_EVERY_MS) {
      isChanged = await beginAgain()
      rangeMs = beganMs
    }
    for (;;) {
      const rows = await store.sites(seq, BATCH)
      for (const row of rows) take(row)
      isChanged ||= rows.length > 0
      if (rows.length < BATCH) break
    }
    readMs = beganMs
    if (isChanged) changed()
  }

  /** Starts from the beginning after a restore: the numbers are then used again, and changes would be missed. */
  async function beginAgain(): Promise<boolean> {
    const range = await store.sitesRange()
    const isAnother = range.epoch !== epoch || range.last < seq
    if (isAnother) {
      entries.clear()
      removed.clear()
      ;({ epoch } = range)
      seq = 0
    }
    return isAnother
  }

  function take({ origin, sealed, seq: number }: NumberedSite): void {
    seq = number
    entries.delete(origin)
    removed.delete(origin)
    if (sealed === null) removed.set(origin, number)
    else entries.set(origin, { seq: number, sealed })
  }

  const refresh = (): Promise<void> =>
    (reading ??= readChanges().finally(() => {
      reading = undefined
    }))

  /** A read that begins now sees what was written before now. */
  async function readNow(): Promise<void> {
    await reading?.catch(() => undefined)
    await refresh()
  }

  async function look(): Promise<void> {
    try {
      await refresh()
      isFailing = false
    } catch (thrown) {
      // Log the first failure only, not each retry.
      if (!isFailing && !isStopped) logError(log, toSessionHubError(thrown), 'sites')
      isFailing = true
    }
    if (!isStopped) timer = setTimeout(() => void look(), EVERY_MS).unref()
  }
  if (isFollowing) void look()

  function open(origin: string, sealed: string): SiteRecord {
    try {
      return seal.open(origin, sealed)
    } catch (cause) {
      throw lookupFailed(origin, 'Its record cannot be opened: the hub has another secret', cause)
    }
  }

  function lookupFailed(origin: string, description: string, cause: unknown): SessionHubError {
    log({ level: 'error', event: 'site_lookup_failed', site: origin, description })
    return new SessionHubError('unavailable', 'The site could not be looked up', { cause })
  }

  function siteOf(origin: string, entry: Entry): Site | undefined {
    const { registration, isPending } = open(origin, entry.sealed)
    try {
      return isPending ? undefined : readSite(registration, `the site "${origin}" in the store`)
    } catch (cause) {
      throw lookupFailed(origin, reasonOf(cause), cause)
    }
  }

  return {
    has: (origin) => entries.has(origin),
    origins: () => (readMs < 0 ? undefined : [...entries.keys()]),
    async find(origin) {
      if (performance.now() - readMs > STALE_MS) await refresh()
      const entry = entries.get(origin)
      if (!entry) return undefined
      if (!entry.isRead) {
        entry.site = siteOf(origin, entry)
        entry.isRead = true
      }
      return entry.site
    },
    async read(origin) {
      await readNow()
      const entry = entries.get(origin)
      if (!entry) return { seq: removed.get(origin) ?? 0, record: undefined }
      return { seq: entry.seq, record: open(origin, entry.sealed) }
    },
    async all() {
      await readNow()
      return [...entries]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([origin, { seq: number, sealed }]) => ({ seq: number, record: open(origin, sealed) }))
    },
    async put(origin, record, wasSeq, audit) {
      const sealed = record ? seal.seal(record) : null
      const number = await store.putSite({ origin, sealed, wasSeq, audit })
      await readNow()
      return number !== undefined
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
