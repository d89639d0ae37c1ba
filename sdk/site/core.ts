/** Composition: turns options into a site, or all sites of one application, that knows sessions and the protocol, but no framework. */
import { isPromise } from '../settings/is-promise.js'
import { errorReply, type Reply } from '../http/reply.js'
import { readSdk } from '../http/sdk-asset.js'
import { SessionHubError, toSessionHubError } from '../protocol/errors.js'
import { handled } from '../settings/handled.js'
import { type Log, logError, safeLog } from '../settings/log.js'
import { type ActAs, readActAs } from './account/act-as.js'
import {
  endOtherUserSessions,
  endUserSession,
  requireRecent,
  type UserSession,
  userSessions,
} from './account/devices.js'
import { createPendingEnds } from './account/pending-ends.js'
import { readSignIn, type SignIn } from './account/sign-in.js'
import { readSignOut, type SignOut } from './account/sign-out.js'
import { askApplication } from './ask-application.js'
import { createContext, type SiteContext } from './context.js'
import { createDomains, type Domains, oneDomain } from './domains.js'
import { createLive } from './endpoints/live.js'
import { pathBelow, pathsOf } from './endpoints/path-below.js'
import { redirectOnce } from './endpoints/redirect.js'
import { createEndpoints } from './endpoints/router.js'
import { createOriginLookup, listedOrigins, type OriginLookup } from './find-origin.js'
import { createHubClient } from './hub/client.js'
import { createEventStream } from './hub/event-stream.js'
import { createHubLine } from './hub/line.js'
import { createRefusals } from './hub/refusals.js'
import { createRecentSpeakers, createSpeakers } from './hub/speaker.js'
import { createHubTransport } from './hub/transport.js'
import type { ImportedKeys } from './keys.js'
import {
  type AppOptions,
  type AppSettings,
  type AppSource,
  resolveOptions,
  type SiteOptions,
  type SiteSettings,
  type SiteSource,
} from './options.js'
import { scriptTag, type ScriptTagOptions } from './script-tag.js'
import { createSessions, type HeldSession, noSession, type ReadSession } from './session/index.js'
import { createStorage } from './storage.js'
import type { Visit } from './visit.js'

export type { ActAs, ScriptTagOptions, SignIn, SignOut, UserSession }
export type { ReadSession, SiteSession } from './session/index.js'

/**
 * What adapters build on. Each member does the same as the member of `Site` with its name. A request for a host that is not one of the
 * application's has no session.
 */
export interface SiteCore {
  /** The property of a request that holds its session. */
  readonly property: string
  /** The paths at which requests for the endpoints may arrive, longest first. */
  readonly endpointPaths: readonly string[]
  readonly log: Log
  /** Answers a request for one of the SDK's endpoints. @returns whether it was answered; `undefined` if it is plainly not for an endpoint */
  answer(visit: Visit): Promise<boolean> | undefined
  /** @throws SessionHubError `session_ambiguous`, `unavailable` */
  openSession(visit: Visit, takesBearer: boolean): Opened | Promise<Opened>
  /** The session of a request that has no answer. Never rejects. */
  read(visit: Visit, takesBearer: boolean): Promise<ReadSession>
  /** @returns `undefined` if the visitor stays; otherwise a promise of the redirect to the hub, or of `undefined` after all */
  redirectOnce(visit: Visit): Promise<Reply | undefined> | undefined
  signIn(visit: Visit, who: SignIn): Promise<void>
  signOut(visit: Visit, options?: SignOut): Promise<void>
  actAs(visit: Visit, as: ActAs): Promise<void>
  stopActing(visit: Visit): Promise<boolean>
  sessions(request: object): Promise<readonly UserSession[]>
  endSession(request: object, ref: string): Promise<boolean>
  endOtherSessions(request: object): Promise<number>
  requireRecent(request: object, maxAgeSeconds: number): void
  scriptTag(nonceOfPage: string | undefined, options?: ScriptTagOptions): string
  endStreams(): void
  close(): void
}

type Opened = HeldSession | undefined

/** @throws SessionHubError `options_invalid` */
export async function createCore<Native extends object>(
  options: SiteOptions<Native> | AppOptions<Native>,
): Promise<SiteCore> {
  const source = await resolveOptions(options)
  const settings = 'site' in source ? source.site : source.settings
  const log = safeLog(settings.log)
  const transport = createHubTransport(settings)
  const line = createHubLine(settings, transport, log)
  const speakerOf = createSpeakers(settings)
  const speakers = createRecentSpeakers()
  const refusals = createRefusals(settings.now, log)
  const pending = createPendingEnds(line, log)
  const storage = createStorage(settings, log)
  const sessions = createSessions(settings, storage, log)
  const events = createEventStream(transport, speakers, sessions.heard, line, log)
  const live = createLive()
  const sdk = readSdk()
  const answer = createEndpoints({ settings, live, sdk, log })

  function siteOf(own: SiteSettings): SiteContext {
    const speaker = speakerOf(own.origin, own)
    const hub = createHubClient(line, speaker, settings.now, refusals(own), settings.traces)
    return createContext({
      settings: own,
      hub,
      storage,
      log,
      sessions: sessions.of({
        settings: own,
        hub,
        listen: () => {
          speakers.add(speaker)
          events.start()
        },
        isListening: () => events.isOpen,
        tellEnd: (end) => pending.tell(hub, end),
      }),
    })
  }

  const domains = domainsOf(source, siteOf, log)
  const below = pathBelow(settings.endpoint)

  /** Acts at the site that the request is for; synchronously if that site is known. */
  function at<Result>(
    visit: Visit,
    act: (site: SiteContext) => Result | Promise<Result>,
  ): Result | undefined | Promise<Result | undefined> {
    const site = domains.find(visit)
    if (isPromise(site)) return site.then((found) => found && act(found))
    return site && act(site)
  }

  /** @throws SessionHubError `host_denied` if the request is for none of the sites */
  async function ownSite(visit: Visit): Promise<SiteContext> {
    const site = await domains.find(visit)
    if (!site) throw new SessionHubError('host_denied', 'This host does not belong to the application')
    return site
  }

  /** @throws SessionHubError `sign_in_required` if the request is for none of the sites: nobody is signed in there */
  function visited(request: object): SiteContext {
    const site = domains.foundFor(request)
    if (!site) throw new SessionHubError('sign_in_required', 'Nobody is signed in')
    return site
  }

  const called = <Result>(where: string, call: () => Promise<Result>) => handled(log, where, call())

  return {
    property: settings.sessionProperty,
    endpointPaths: pathsOf(settings.endpoint),
    log,
    answer(visit) {
      if (below(visit.url) === undefined) return undefined
      const site = domains.find(visit)
      if (!isPromise(site)) return site && answer(site, visit)
      return site.then(
        (found) => (found && answer(found, visit)) ?? false,
        (thrown: unknown) => {
          visit.reply(errorReply(thrown))
          return true
        },
      )
    },
    openSession: (visit, takesBearer) => at(visit, (site) => site.sessions.open(visit, takesBearer)),
    async read(visit, takesBearer) {
      try {
        const site = await domains.find(visit)
        return site ? await site.sessions.read(visit, takesBearer) : noSession('host_denied')
      } catch (thrown) {
        const error = toSessionHubError(thrown)
        logError(log, error, 'read')
        return noSession(error.code)
      }
    },
    redirectOnce(visit) {
      const going = at(visit, (site) => redirectOnce(site, visit))
      // A failure never holds a visitor up.
      return isPromise(going) ? going.catch(() => undefined) : undefined
    },
    signIn: (visit, who) =>
      called('signIn', async () => {
        const read = readSignIn(who)
        return (await ownSite(visit)).sessions.begin(visit, read)
      }),
    signOut: (visit, how) =>
      called('signOut', async () => {
        const read = readSignOut(how)
        return (await ownSite(visit)).sessions.end(visit, read)
      }),
    actAs: (visit, as) =>
      called('actAs', async () => (await ownSite(visit)).sessions.actAs(visit, readActAs(as))),
    stopActing: (visit) =>
      called('stopActing', async () => (await ownSite(visit)).sessions.stopActing(visit)),
    sessions: (request) => called('sessions', async () => userSessions(visited(request), request)),
    endSession: (request, ref) =>
      called('endSession', async () => endUserSession(visited(request), request, ref)),
    endOtherSessions: (request) =>
      called('endOtherSessions', async () => endOtherUserSessions(visited(request), request)),
    requireRecent: (request, maxAgeSeconds) => {
      requireRecent(visited(request), request, maxAgeSeconds)
    },
    scriptTag: (nonceOfPage, tagOptions) => scriptTag(settings, sdk.versionedPath, nonceOfPage, tagOptions),
    endStreams() {
      live.close()
    },
    close() {
      pending.close()
      live.close()
      sessions.close()
      events.close()
      transport.close()
    },
  }
}

function domainsOf(
  source: SiteSource,
  siteOf: (settings: SiteSettings) => SiteContext,
  log: Log,
): Domains<SiteContext> {
  if ('site' in source) return oneDomain(siteOf(source.site))
  const { settings, keysOf } = source
  // The sites have what they share as their prototype, so that it is not copied a thousand times.
  const site = (origin: string, keys: ImportedKeys) =>
    siteOf(
      Object.assign(Object.create(settings) as AppSettings, keys, { origin, host: new URL(origin).host }),
    )
  return createDomains(originLookup(source, log), (origin) => {
    const keys = keysOf(origin)
    if (!isPromise(keys)) return site(origin, keys)
    const { host } = new URL(origin)
    return askApplication(log, { option: 'keys', host }, () => keys).then((own) => site(origin, own))
  })
}

function originLookup({ settings, origins }: AppSource, log: Log): OriginLookup {
  if ('findOrigin' in origins) return createOriginLookup({ ...origins, now: settings.now, log })
  return listedOrigins(origins)
}
