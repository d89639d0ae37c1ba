/** The client: decides when to sync and tells the page. */
import { BOT } from '../protocol/bots.js'
import type { Choice, Rung } from '../protocol/wire.js'
import { createBus } from './bus.js'
import { readCookie, readState } from './cookies.js'
import type { ClientEvents, EventName, Listener } from './events.js'
import { type HubFrame, openFrame } from './frame.js'
import type { AccessTheme, Ladder, LadderKit } from './ladder/kit.js'
import type { Given, Live, LiveKit, Results } from './live/kit.js'
import { KEY, recall, remember } from './memory.js'
import { type ClientOptions, resolveOptions } from './options.js'
import { post } from './post.js'
import { createBinding } from './random.js'
import { nothingYet, type Status } from './status.js'
import { runSync, type SyncFrame, type SyncResult } from './sync.js'

export interface Client {
  /** The result of the last sync. */
  readonly status: Status
  /**
   * Adds a listener. If the event has already fired in this page, the listener is called at once, so it does not matter
   * whether the SDK or the page's own script loads first.
   *
   * @returns a function that stops listening
   */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void
  /**
   * Syncs if it is time to. Never rejects. At most one sync runs at a time.
   *
   * @param options.force syncs even if the session is unchanged and the last sync is recent; but not while the hub or this site's backend is
   * overloaded (`Retry-After`): then the page syncs by itself soon afterwards
   */
  sync(options?: { force?: boolean }): Promise<Status>
  /** Signs out on this site and on all others in this browser. @returns whether this site's backend could be told */
  signOut(): Promise<boolean>
  /**
   * A token for a service on another host, for `Authorization: Bearer`. Repeated calls return the same token until shortly before it expires
   * or the session changes. Never rejects.
   *
   * @param audience the service's origin, one of the site's `audiences`
   * @returns `undefined` if there is none: no session, no such audience, or no answer from this site
   */
  tokenFor(audience: string): Promise<string | undefined>
  /** Answers `session-conflict`: the visitor has chosen which user stays, the hub's or this site's. Never rejects. */
  resolve(choice: Choice): Promise<Status>
  /**
   * Opts the visitor out: from now on, this site shares nothing in this browser. If the hub can be told, no other site does either. No site
   * loses what it has. Never rejects. `status.reason` is then `opted_out`, or says why it failed.
   *
   * @param options.undo the visitor shares again
   */
  forget(options?: { undo?: boolean }): Promise<Status>
  /**
   * Asks the visitor to give the frame access to the hub's cookie, by a dialog or by a window of the hub. Call it directly in a click handler.
   * After the event `access-needed`, everything that this call needs is loaded. Never rejects.
   */
  requestAccess(theme?: AccessTheme): Promise<Status>
  /** Puts a button that requests access into the element, and removes it once access is given. @returns a function that removes it */
  accessButton(element: Element, theme?: AccessTheme): () => void
  /**
   * Lets links to sister sites carry the session while the frame is blocked.
   *
   * @returns a function that removes the listeners
   */
  decorate(): () => void
  /**
   * Takes the visitor to the hub and back, which brings the session.
   *
   * @param options.returnTo where to return to on this site. @default the current address
   */
  redirect(options?: { returnTo?: string }): void
  /** Says in plain words whether sharing works on this page and what to do next. It also prints the text to the console. */
  explain(): Promise<string>
  /** Stops this client: it no longer listens, and the document may have a new client. For components that unmount. */
  close(): void
}

/** When the visitor comes back to a tab, the page asks the hub, but not twice within this time. */
const LOOK_MS = 2000

/** Syncs however recent the last sync is, and whether or not the tab is visible. */
const AT_ONCE = -1

/** The parts that are loaded later, one file each. */
interface Parts {
  /** What a page needs once it has synced. */
  readonly live: PartModule<LiveKit, Live>
  /** What only a browser that blocks the frame needs. `live` loads it. */
  readonly ladder: PartModule<LadderKit, Ladder>
}
interface PartModule<Kit, Part> {
  readonly create: (kit: Kit) => Part
}
export type ImportPart = <Name extends keyof Parts>(name: Name, endpoint: string) => Promise<Parts[Name]>

/** A symbol, because `window` also has a property for each named element of the page. */
const CLIENT: unique symbol = Symbol.for(KEY)

declare global {
  interface Window {
    [CLIENT]?: Client | undefined
  }
}

/** The document's only client: two would sync side by side and tell the page everything twice. */
export const createClientWith = (importPart: ImportPart, options: ClientOptions): Client => {
  const settings = resolveOptions(options)
  return (window[CLIENT] ??= start(importPart, settings))
}

function start(importPart: ImportPart, settings: Required<ClientOptions>): Client {
  const { endpoint, interval, rungs } = settings
  const bus = createBus()
  const { tell } = bus
  const stop = new window.AbortController()
  const { signal } = stop
  let status = nothingYet
  let running: Promise<Status> | undefined
  /** The frame of the last sync: it watches for the next change. */
  let resting: HubFrame | undefined

  /**
   * @param goodForMs no sync is needed if the last one is younger than this
   * @param by the frame that takes part, if it is not a new one, after the visitor's click
   */
  async function sync(
    goodForMs: number,
    by?: Partial<SyncFrame>,
    choice?: SyncFrame['choice'],
  ): Promise<Status> {
    if (signal.aborted) return status
    if (!window.isSecureContext) return settle({ reason: 'insecure_context' })
    if (BOT.test(window.navigator.userAgent)) return settle({ reason: 'bot' })
    void later('keepUp', quiet)()
    // A tab that is hidden, or only being prerendered, syncs when the visitor looks at it, even if `live.js` has not loaded by then. (A form
    // may be named `hidden`.)
    if (goodForMs >= 0 && (document.hidden as unknown) === true) {
      window.addEventListener('visibilitychange', look, { signal, capture: true })
      return status
    }
    if (readCookie('off')) return settle({ reason: 'opted_out' })
    const { state: known = '', atMs, waitMs, reason: before = null, isBlocked: wasBlocked = false } = recall()

    /**
     * @param state the state with which the sync began
     * @returns a truthy value if the present state results from this sync
     */
    const conclude = (
      rung: Rung,
      state: string,
      { outcome, reason, retryAfter, requests, replaced, ended, message }: SyncResult,
    ) => {
      // A sign-out may have recorded a new state in the meantime; the page is not told of it twice.
      const { state: known = '' } = recall()
      const isFailed = outcome === 'failed'
      const source = rung === 'access' ? 'frame' : rung
      // A link brings a session only from a browser that blocks. A redirect or a failure does not tell whether it blocks.
      const isBlocked =
        outcome === 'blocked' || rung === 'link' || ((isFailed || rung === 'redirect') && wasBlocked)
      // A failure is remembered too, because otherwise each page would try a hub that is down; but a state that the hub never saw is not. Nor
      // is it remembered that this site could not be reached after the hub had answered: the visitor may just have left the page.
      if (!isFailed || !message || reason !== 'unreachable')
        remember({
          state: isFailed ? known : (replaced?.state ?? (ended ? '' : state)),
          reason,
          isBlocked,
          waitMs: (retryAfter as number) * 1000,
        })
      const isNowhere = source === 'frame' && (isFailed || isBlocked)
      settle({ outcome, reason, requests, isBlocked, rung: isNowhere ? null : rung })
      if (replaced)
        tell('session-replaced', { reason: replaced.reason, source, signedIn: replaced.subject !== null })
      else if (ended ?? (known && !state && !isFailed)) tell('session-ended', { reason: ended ?? 'unknown' })
      if (message?.outcome === 'conflict')
        tell('session-conflict', message as ClientEvents['session-conflict'])
      tell(isFailed ? 'sync-failed' : 'synced', status)
      return isFailed || replaced || ended
    }

    // Only for this document's own arrival: a document that the visitor is leaving also sees the next one's cookies.
    if (status === nothingYet && readCookie('arrival')) {
      const arrived = await later('arrival', quiet)()
      if (arrived) {
        conclude(...arrived)
        if (goodForMs >= 0) return status
      }
    }
    if (!rungs.includes('frame') && !by) return settle({ reason: 'rung_forbidden', isBlocked: wasBlocked })
    const frame = { state: readState(), createBinding, openFrame, choice, ...by }
    const { state } = frame
    // If nothing is remembered, the last sync is never recent enough: comparisons with NaN are false.
    const ageMs = Math.abs(Date.now() - (atMs as number))
    const isFresh = waitMs
      ? ageMs < waitMs
      : state === known &&
        ageMs < goodForMs &&
        resting?.element.isConnected !== false &&
        (status !== nothingYet || !(await later('news', quiet)()))
    if (isFresh) {
      tell('synced', settle({ reason: before, isBlocked: wasBlocked }))
      return status
    }
    resting?.close()
    // From now on a sync is owed: if the visitor leaves before this one has ended, the next page syncs.
    remember({ ...recall(), atMs: 0 })
    const result = await runSync(
      settings,
      frame,
      state !== known && !!state && !wasBlocked,
      () => void run(AT_ONCE, undefined, 'news'),
      signal,
    )
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the page may have closed the client meanwhile
    const isFinal = signal.aborted || conclude(by ? 'access' : 'frame', state, result)
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- as above
    if (status.rung === 'frame' && !signal.aborted) resting = result.frame
    else result.frame?.close()
    // This site may have changed its session in the meantime.
    return isFinal || readState() === state ? status : sync(0)
  }

  const settle = (next: Partial<Status>) =>
    (status = { ...nothingYet, isBlocked: status.isBlocked, ...next, atMs: Date.now() })

  const run = (goodForMs: number, by?: Partial<SyncFrame>, choice?: SyncFrame['choice']) =>
    (running ??= sync(goodForMs, by, choice)
      // It throws only if the page may not store anything (`recall`) or is sandboxed.
      .catch(() => settle({ reason: 'cookies_off' }))
      .finally(() => (running = undefined)))

  const syncInTime: Client['sync'] = (options) => run(options?.force ? AT_ONCE : interval * 1000)
  const look = () => void run(LOOK_MS)

  /** What the later parts need from this one. */
  const kit = (): LiveKit => ({
    ...settings,
    ...bus,
    client,
    signal,
    look,
    run,
    running: () => running,
    load: importPart,
    settle,
    openFrame,
    createBinding,
    post,
    readState,
  })

  let live: Live | undefined

  /** Synchronous if the part is loaded: a popup has to open within the click itself. */
  const later =
    <Name extends keyof Given, Failure>(name: Name, failed: (error: unknown) => Failure) =>
    (...given: Given[Name]): Promise<Results[Name] | Failure> =>
      live
        ? live[name](...given)
        : importPart('live', endpoint).then(({ create }) => (live ??= create(kit()))[name](...given), failed)
  const quiet = () => undefined
  const lost = () => settle({ reason: 'unreachable' })

  /** @returns a function that stops it, before or after it has begun */
  const whileBlocked =
    (name: 'accessButton' | 'decorate') =>
    (...given: [element?: Element, theme?: AccessTheme]) => {
      const inner = new window.AbortController()
      void later(name, lost)(inner, ...given)
      return () => {
        inner.abort()
      }
    }

  // In the order that compresses best.
  const client: Client = {
    get status() {
      return status
    },
    resolve: later('resolve', lost),
    signOut: later('signOut', () => false),
    forget: later('forget', lost),
    tokenFor: later('tokenFor', quiet),
    sync: syncInTime,
    requestAccess: later('requestAccess', lost),
    accessButton: whileBlocked('accessButton'),
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- it never rejects, and it ends on another page
    redirect: later('redirect', lost),
    decorate: whileBlocked('decorate'),
    explain: later('explain', String),
    on: bus.on,
    close() {
      if (signal.aborted) return
      stop.abort()
      resting?.close()
      window[CLIENT] = undefined
    },
  }

  if (settings.start === 'auto') void syncInTime()
  else if (settings.start === 'idle')
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- WebKit lacks it
    (window.requestIdleCallback ?? window.setTimeout)(syncInTime as () => void)
  return client
}
