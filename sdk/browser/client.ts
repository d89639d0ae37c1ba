/** The client: when to sync, and telling the page. */
import type { ClientEvents, EventName, Listener } from './events.js'
import { readState, recall, remember, STATE_COOKIE } from './memory.js'
import { type ClientOptions, resolveOptions } from './options.js'
import { post } from './post.js'
import { nothingYet, type Status } from './status.js'
import { runSync } from './sync.js'

export interface Client {
  /** What the last sync came to. */
  readonly status: Status
  /**
   * Listens to an event. A listener that comes after it, in the same page, is told at once: a script tag that loads early must
   * not be too early.
   *
   * @returns a function that stops listening
   */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void
  /**
   * Syncs, if it is time to. Never rejects; at most one runs at a time.
   *
   * @param options.force even if the session is unchanged and was looked at a moment ago
   */
  sync(options?: { force?: boolean }): Promise<Status>
  /** Signs out on this site and on every other of this browser. @returns whether this site could be told */
  signOut(): Promise<boolean>
}

/** Search engines and their like: they hold no session, and their owners do not want the requests. */
const BOT = /bot\b|crawl|spider|slurp|lighthouse/i

/** Coming back to a tab is a look at the hub, but not twice in this time. */
const LOOK_MS = 2000

/** @throws TypeError for an unknown option, or a hub that is no address */
export function createClient(options: ClientOptions): Client {
  const { hub, endpoint, start, interval, timeout } = resolveOptions(options)
  const bus = new EventTarget()
  const said: Partial<ClientEvents> = {}
  let status = nothingYet
  let running: Promise<Status> | undefined
  let isWatching = false
  /** How old a sync may be to be good enough. A visitor who comes from another site may bring news from there. */
  let goodForMs = isFromElsewhere() ? 0 : interval * 1000

  async function sync(isForced: boolean): Promise<Status> {
    watch()
    const state = readState()
    const memory = recall()
    const known = memory?.state ?? ''
    // A tab that nobody looks at, or that is only being prerendered, syncs when it is looked at.
    if (!isForced && document.hidden) return status
    const unfit = isSecureContext ? (BOT.test(navigator.userAgent) ? 'bot' : null) : 'insecure_context'
    if (unfit) return settle({ ...nothingYet, reason: unfit })
    if (!isForced && state === known && memory && Math.abs(Date.now() - memory.atMs) < goodForMs) {
      return tell('synced', settle({ ...nothingYet, reason: memory.reason }))
    }
    goodForMs = interval * 1000

    const result = await runSync({
      hub,
      endpoint,
      timeout,
      state,
      isChanged: state !== known && !!state && memory?.reason !== 'blocked',
    })
    const { outcome, reason, requests, replaced, ended } = result
    const isFailed = outcome === 'failed'
    // A failure is remembered too, or each page would try a hub that is down; but not a state that the hub never saw.
    // Only what the hub has seen: this site may have changed its session meanwhile.
    remember(isFailed ? known : (replaced?.state ?? (ended ? '' : state)), reason)
    settle({ outcome, reason, requests, rung: isFailed || outcome === 'blocked' ? null : 'frame' })
    if (replaced) {
      const { reason, subject } = replaced
      tell('session-replaced', { reason, source: 'frame', signedIn: subject !== null })
    } else if (ended) tell('session-ended', { reason: ended })
    else if (known && !state && !isFailed) tell('session-ended', { reason: 'unknown' })
    tell(isFailed ? 'sync-failed' : 'synced', status)
    const isOvertaken = !isFailed && !replaced && !ended && readState() !== state
    return isOvertaken ? sync(false) : status
  }

  const settle = (next: Omit<Status, 'atMs'>) => (status = { ...next, atMs: Date.now() })

  function tell<Name extends EventName>(name: Name, detail: ClientEvents[Name]): ClientEvents[Name] {
    said[name] = detail
    // As events, so that a listener that throws is the page's affair and no sync's.
    for (const target of [bus, globalThis]) target.dispatchEvent(new CustomEvent(name, { detail }))
    return detail
  }

  /** Once a page syncs at all, it also looks when the tab is looked at again, and when this site's session changes. */
  function watch(): void {
    if (isWatching) return
    isWatching = true
    const look = () => {
      if (document.hidden) return
      goodForMs = LOOK_MS
      void client.sync()
    }
    document.addEventListener('visibilitychange', look)
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) look()
    })
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- older browsers lack it
    globalThis.cookieStore?.addEventListener('change', ({ changed, deleted }) => {
      const isOurs = [...changed, ...deleted].some(({ name }) => name === STATE_COOKIE)
      if (isOurs && readState() !== recall()?.state) void client.sync()
    })
  }

  const client: Client = {
    get status() {
      return status
    },
    on(name, listener) {
      const hear = (event: Event) => {
        listener((event as CustomEvent<ClientEvents[typeof name]>).detail)
      }
      bus.addEventListener(name, hear)
      const before = said[name]
      if (before)
        queueMicrotask(() => {
          listener(before)
        })
      return () => {
        bus.removeEventListener(name, hear)
      }
    },
    sync: ({ force = false } = {}) => (running ??= sync(force).finally(() => (running = undefined))),
    signOut: () =>
      post(`${endpoint}/sign-out`, {}).then(
        () => {
          remember('')
          tell('session-ended', { reason: 'signed-out' })
          return true
        },
        () => false,
      ),
  }

  const begin = () => {
    void client.sync()
  }
  if (start === 'auto') begin()
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- WebKit lacks it
  else if (start === 'idle') (globalThis.requestIdleCallback ?? setTimeout)(begin)
  return client
}

const isFromElsewhere = () => !!document.referrer && !document.referrer.startsWith(`${origin}/`)
