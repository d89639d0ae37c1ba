/** The sessions of a site's visitors: the only entry to this folder. */
import { createKeptWith } from '../../http/kept-with.js'
import type { SessionClaims } from '../../protocol/claims.js'
import type { Log } from '../../settings/log.js'
import type { HubClient } from '../hub/client.js'
import type { EndingsHeard } from '../hub/event-stream.js'
import type { AppSettings, SiteSettings } from '../options.js'
import type { Storage } from '../storage.js'
import type { Visit } from '../visit.js'
import { actAs, type As, stopActing } from './acting.js'
import { beginSession, type Who } from './begin.js'
import { createCarried, createCarrier } from './carrier.js'
import { createSiteCookies } from './cookies.js'
import { endSession } from './end.js'
import { createEndings } from './endings.js'
import { createKnownSessions } from './known-sessions.js'
import { loadSession, openSession, ownClaims } from './load.js'
import { createMisuse } from './misuse.js'
import type { SessionParts } from './parts.js'
import { createPosted } from './posted.js'
import { createProvisional, createSignIns } from './provisional.js'
import { type ReadSession, readSession } from './reading.js'
import { createFollowers } from './followers.js'
import { createRenewals, createRenewed } from './renewals.js'
import type { HeldSession } from './held-session.js'
import { createSuperseded } from './superseded.js'
import { createReadTokens, createSessionTokens } from './token.js'
import { createTokenContent } from './token-content.js'
import { createTurns } from './turns.js'
import { createTold, createWaitingEnds } from './waiting-ends.js'
import type { Watcher } from './watchers.js'

export type { As } from './acting.js'
export type { DataOptions, HeldSession, SiteSession } from './held-session.js'
export { type EndedListener, noSession, type ReadSession } from './reading.js'
export { isCode } from './session.js'
export { requireNotActing } from './while-acting.js'
export { whileItLives } from './while-it-lives.js'

export interface Sessions {
  /** The request's session for the application. @throws SessionHubError `session_ambiguous`, only with `takesBearer` */
  open(visit: Visit, takesBearer: boolean): HeldSession | Promise<HeldSession>
  /** The request's session, loaded now if the application has not done so. Never rejects because of the hub. */
  load(visit: Visit): Promise<HeldSession>
  /** The session of a request that has no answer. @throws SessionHubError `session_ambiguous`, only with `takesBearer` */
  read(visit: Visit, takesBearer: boolean): Promise<ReadSession>
  /** The session that was loaded for this request. */
  loaded(request: object): HeldSession | undefined
  /** What the request's own token says, even if it is no longer valid for anything else. */
  ownClaims(visit: Visit): Promise<SessionClaims | undefined>
  /** Runs what one request does to one session, one step after another. */
  inTurn<Result>(session: HeldSession, work: () => Promise<Result>): Promise<Result>
  /** @throws SessionHubError `request_invalid`, `data_too_large`, `session_limit`, `data_denied`, `while_acting`, `headers_sent` */
  begin(visit: Visit, who: Who): Promise<void>
  /** @throws SessionHubError `headers_sent`; then nothing has ended */
  end(visit: Visit, everywhere: boolean): Promise<void>
  /** @throws SessionHubError `acting_denied`, `while_acting`, `sign_in_required`, `data_denied`, `headers_sent`, `unavailable` */
  actAs(visit: Visit, as: As): Promise<void>
  /** @returns whether somebody was acting @throws SessionHubError `headers_sent`, `unavailable` */
  stopActing(visit: Visit): Promise<boolean>
  /** Tells the watcher when the session ends, also if the end is already known. @returns a function that stops it */
  watch(claims: SessionClaims, watcher: Watcher): () => void
  /** How many watchers this session has. */
  watching(claims: SessionClaims): number
}

/** The sessions of all sites that one application serves. What is remembered of them is bounded in total, however many sites there are. */
export interface AllSessions {
  /** The sessions of one site. */
  of(site: OneSite): Sessions
  /** Receives what the hub reports to have ended, on any of the sites. */
  readonly heard: EndingsHeard
  /** Tells all listeners that wait for the end of a session that no more news will arrive. */
  close(): void
}

interface OneSite extends Pick<SessionParts, 'listen' | 'isListening' | 'tellEnd'> {
  readonly settings: SiteSettings
  readonly hub: HubClient
}

export function createSessions(app: AppSettings, storage: Storage, log: Log): AllSessions {
  const { cookieName, cookieSeconds } = app
  const content = createTokenContent(app, log)
  const cookies = createSiteCookies(cookieName, cookieSeconds, storage)
  const endings = createEndings(app)
  const followers = createFollowers()
  const known = createKnownSessions(app, endings, log)
  const misuse = createMisuse(log)
  const loaded = createKeptWith<HeldSession>()
  const takeTurn = createTurns()
  const superseded = createSuperseded()
  const [readTokens, renewed, signIns, carried, told] = [
    createReadTokens(),
    createRenewed(),
    createSignIns(),
    createCarried(),
    createTold(),
  ]

  return {
    of({ settings, hub, ...own }) {
      const tokens = createSessionTokens(settings, content, readTokens)
      const carrier = createCarrier(settings, cookies, tokens, carried)
      return new SiteSessions({
        settings,
        hub,
        tokens,
        content,
        carrier,
        endings,
        loaded,
        takeTurn,
        superseded,
        storage,
        followers,
        known,
        misuse,
        log,
        ...own,
        renewals: createRenewals(settings, hub, tokens, renewed),
        waitingEnds: createWaitingEnds(settings, carrier, storage, own.tellEnd, log, told),
        posted: createPosted(settings, tokens, carrier, storage),
        provisional: createProvisional(hub, settings, signIns),
      })
    },
    heard: endings,
    close() {
      followers.close()
    },
  }
}

/** A class, because there is one per site, and an application may have thousands. */
class SiteSessions implements Sessions {
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  open(visit: Visit, takesBearer: boolean) {
    return openSession(this.#parts, visit, takesBearer)
  }

  load(visit: Visit) {
    return loadSession(this.#parts, visit)
  }

  read(visit: Visit, takesBearer: boolean) {
    return readSession(this.#parts, visit, takesBearer)
  }

  loaded(request: object) {
    return this.#parts.loaded.get(request)
  }

  ownClaims(visit: Visit) {
    return ownClaims(this.#parts, visit)
  }

  inTurn<Result>(session: HeldSession, work: () => Promise<Result>) {
    return this.#parts.takeTurn(session, work)
  }

  begin(visit: Visit, who: Who) {
    return beginSession(this.#parts, visit, who)
  }

  end(visit: Visit, everywhere: boolean) {
    return endSession(this.#parts, visit, everywhere)
  }

  actAs(visit: Visit, as: As) {
    return actAs(this.#parts, visit, as)
  }

  stopActing(visit: Visit) {
    return stopActing(this.#parts, visit)
  }

  watch(claims: SessionClaims, watcher: Watcher) {
    return this.#parts.endings.watch(claims, watcher)
  }

  watching(claims: SessionClaims) {
    return this.#parts.endings.watching(claims)
  }
}
