/** The client: when to sync, and telling the page. */
import { isBot } from '../protocol/bots.js'
import type { Choice, Rung } from '../protocol/wire.js'
import { takeArrival } from './arrival.js'
import { createBus } from './bus.js'
import { OFF_COOKIE, readCookie, readState } from './cookies.js'
import type { ClientEvents, EventName, Listener } from './events.js'
import { type HubFrame, openFrame } from './frame.js'
import type { AccessTheme, Ladder, LadderModule } from './ladder/kit.js'
import type { Live, LiveModule } from './live/kit.js'
import { recall, remember } from './memory.js'
import { type ClientOptions, resolveOptions } from './options.js'
import { post } from './post.js'
import { createBinding } from './random.js'
import { nothingYet, type Status } from './status.js'
import { runSync, type SyncFrame, type SyncResult } from './sync.js'

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
  /** After `session-conflict`: the visitor has said which user stays, the hub's or this site's. Never rejects. */
  resolve(choice: Choice): Promise<Status>
  /**
   * The visitor opts out: this site shares nothing in this browser from now on, nor does any other, where the hub can be told. No site loses
   * what it has. Never rejects; `status.reason` is `opted_out` from then on, or says why it came to nothing.
   *
   * @param options.undo the visitor shares again
   */
  forget(options?: { undo?: boolean }): Promise<Status>
  /**
   * Asks the visitor to let the frame have the hub's cookie: by a dialog, or by a window of the hub's. Call it straight from a
   * click; after the event `access-needed` everything that it needs is there. Never rejects.
   */
  requestAccess(theme?: AccessTheme): Promise<Status>
  /** Puts a button into the page that does the same, and goes when it has done so. @returns a function that removes it */
  accessButton(element: Element, theme?: AccessTheme): () => void
  /**
   * Lets the session come along where the visitor follows a link to a sister site, while the frame is blocked.
   *
   * @returns a function that stops it
   */
  decorate(): () => void
  /**
   * Takes the visitor to the hub and back, to bring the session by the way.
   *
   * @param options.returnTo where to come back, on this site. @default the present address
   */
  redirect(options?: { returnTo?: string }): void
  /** Says in plain sentences where sharing stands in this page and what to do next; prints them too. */
  explain(): Promise<string>
}

/** Coming back to a tab is a look at the hub, but not twice in this time. */
const LOOK_MS = 2000

/** What is loaded later, by file. */
export interface Parts {
  /** What only a blocked browser needs. */
  readonly ladder: LadderModule
  /** What a page needs once it has synced. */
  readonly live: LiveModule
}
export type ImportPart = <Name extends keyof Parts>(name: Name, endpoint: string) => Promise<Parts[Name]>

export function createClientWith(importPart: ImportPart, options: ClientOptions): Client {
  const settings = resolveOptions(options)
  const { endpoint, start, interval, rungs } = settings
  const hasFrame = rungs.includes('frame')
  const { tell, unsayAccess, on } = createBus()
  let status = nothingYet
  let running: Promise<Status> | undefined
  /** Of the last sync: it watches for the next one. */
  let resting: HubFrame | undefined
  let live: Promise<Live> | undefined
  /** How old a sync may be to be good enough. A visitor who comes from another site may bring news from there. */
  let goodForMs = isFromElsewhere() ? 0 : interval * 1000

  /** @param by the frame that takes part, if it is not a new one, after the visitor's click */
  async function sync(
    isForced: boolean,
    by?: Partial<SyncFrame>,
    choice?: SyncFrame['choice'],
  ): Promise<Status> {
    loadLive().then(
      (there) => {
        there.keepUp()
      },
      () => 0,
    )
    // A tab that nobody looks at, or that is only being prerendered, syncs when it is looked at.
    if (!isForced && document.hidden) return status
    const unfit = !isSecureContext
      ? 'insecure_context'
      : isBot(navigator.userAgent)
        ? 'bot'
        : readCookie(OFF_COOKIE) && 'opted_out'
    if (unfit) return settle({ reason: unfit })
    // Only this document's own: one that is being left hears of the next one's cookies too.
    const arrived = status === nothingYet && takeArrival()
    if (arrived) {
      conclude(...arrived)
      if (!isForced) return status
    }
    const { state: known = '', atMs = 0, reason = null, isBlocked = false } = recall()
    if (!hasFrame && !by) {
      settle({ reason: 'rung_forbidden', isBlocked })
      return climb()
    }
    const frame = { state: readState(), createBinding, openFrame, choice, ...by }
    const { state } = frame
    if (!isForced && state === known && Math.abs(Date.now() - atMs) < goodForMs) {
      tell('synced', settle({ reason, isBlocked }))
      return climb()
    }
    const isChanged = state !== known && !!state && !isBlocked
    resting?.close()
    const result = await runSync(settings, frame, isChanged, () => void run(true, undefined, 'news'))
    const isFinal = conclude(by ? 'access' : 'frame', state, result)
    if (status.rung === 'frame') resting = result.frame
    else result.frame?.close()
    // This site may have changed its session meanwhile.
    return isFinal || readState() === state ? status : sync(false)
  }

  /**
   * @param state what the sync began with
   * @returns whether the state that is there now comes of it
   */
  function conclude(
    rung: Rung,
    state: string,
    { outcome, reason, requests = 0, replaced, ended, message }: SyncResult,
  ): boolean {
    const { state: known = '', isBlocked: wasBlocked = false } = recall()
    goodForMs = interval * 1000
    const isFailed = outcome === 'failed'
    const source = rung === 'access' ? 'frame' : rung
    // A link brings a session only out of a browser that blocks. A redirect, and a failure, say nothing of that.
    const isBlocked =
      outcome === 'blocked' || rung === 'link' || ((isFailed || rung === 'redirect') && wasBlocked)
    // A failure is remembered too, or each page would try a hub that is down; but not a state that the hub never saw.
    remember({ state: isFailed ? known : (replaced?.state ?? (ended ? '' : state)), reason, isBlocked })
    const isNowhere = source === 'frame' && (isFailed || isBlocked)
    settle({ outcome, reason, requests, isBlocked, rung: isNowhere ? null : rung })
    if (replaced)
      tell('session-replaced', { reason: replaced.reason, source, signedIn: replaced.subject !== null })
    else if (ended ?? (known && !state && !isFailed)) tell('session-ended', { reason: ended ?? 'unknown' })
    if (message?.outcome === 'conflict') tell('session-conflict', message as ClientEvents['session-conflict'])
    tell(isFailed ? 'sync-failed' : 'synced', status)
    climb()
    return isFailed || !!replaced || !!ended
  }

  const settle = (next: Partial<Status>) =>
    (status = { ...nothingYet, isBlocked: status.isBlocked, ...next, atMs: Date.now() })

  const run = (isForced: boolean, by?: Partial<SyncFrame>, choice?: SyncFrame['choice']) =>
    (running ??= sync(isForced, by, choice).finally(() => (running = undefined)))

  /** One more, of its own. */
  async function runNext(by?: Partial<SyncFrame>, choice?: Choice): Promise<Status> {
    while (running) await running
    return run(true, by, choice)
  }

  let ladder: Ladder | undefined
  let loading: Promise<Ladder> | undefined
  /** Resolves once the frame is known to be no way. */
  let reach!: (ladder: Ladder) => void
  const blocked = new Promise<Ladder>((resolve) => (reach = resolve))

  /** What the later parts need of this one. */
  const kit = () => ({
    ...settings,
    client,
    settle,
    syncBy: runNext,
    look() {
      goodForMs = LOOK_MS
      void client.sync()
    },
    tell,
    openFrame,
    createBinding,
    post,
    readState,
  })

  const loadLive = () =>
    (live ??= importPart('live', endpoint).then(
      ({ createLive }) => createLive(kit()),
      (error: unknown) => {
        // The next one tries again.
        live = undefined
        throw error
      },
    ))

  const load = () =>
    (loading ??= importPart('ladder', endpoint).then(({ createLadder }) => (ladder = createLadder(kit()))))

  /** Where the frame is no way, the others are loaded at once: a popup has to open in the very click. */
  function climb(): Status {
    if (!status.isBlocked) unsayAccess()
    if ((status.isBlocked && rungs.length > 1) || !hasFrame)
      load().then(
        (there) => {
          reach(there)
          there.announce()
        },
        () => 0,
      )
    return status
  }

  /** Runs something of the ladder's once the frame is known to be no way. @returns what stops it, before or after */
  function onceBlocked(begin: (ladder: Ladder, stop: AbortController) => void) {
    const stop = new AbortController()
    void blocked.then((there) => {
      begin(there, stop)
    })
    return () => {
      stop.abort()
    }
  }

  const client: Client = {
    get status() {
      return status
    },
    on,
    sync: ({ force = false } = {}) => run(force),
    resolve: (choice) => runNext(undefined, choice),
    signOut: () =>
      loadLive().then(
        (there) => there.signOut(),
        () => false,
      ),
    forget: (options) =>
      loadLive().then(
        (there) => there.forget(options),
        () => settle({ reason: 'unreachable' }),
      ),
    requestAccess: (theme) =>
      ladder?.requestAccess(theme) ??
      load().then(
        (there) => there.requestAccess(theme),
        () => settle({ reason: 'unreachable' }),
      ),
    accessButton: (element, theme) => onceBlocked((there, stop) => there.accessButton(stop, element, theme)),
    decorate: () => onceBlocked((there, stop) => there.decorate(stop)),
    redirect({ returnTo } = {}) {
      load().then(
        (there) => {
          there.redirect(returnTo)
        },
        () => settle({ reason: 'unreachable' }),
      )
    },
    explain: () => load().then((there) => there.explain()),
  }

  const begin = () => {
    void client.sync()
  }
  if (start === 'auto') begin()
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- WebKit lacks it
  else if (start === 'idle') (globalThis.requestIdleCallback ?? setTimeout)(begin)
  return client
}

const isFromElsewhere = () => !`${document.referrer || origin}/`.startsWith(`${origin}/`)
