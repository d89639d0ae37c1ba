/** Composition: options in, a site out that knows sessions and the protocol, and no framework. */
import type { Reply } from '../http/reply.js'
import { readSdk } from '../http/sdk-asset.js'
import { safeLog } from '../settings/log.js'
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
import type { SiteContext } from './context.js'
import { createLive } from './endpoints/live.js'
import { createOwnTokens } from './endpoints/own-token.js'
import { redirectOnce } from './endpoints/redirect.js'
import { type Answer, createEndpoints } from './endpoints/router.js'
import { createHubClient } from './hub/client.js'
import { createEventStream } from './hub/event-stream.js'
import { createHubKeys } from './hub/keys.js'
import { createHubTransport } from './hub/transport.js'
import { resolveSiteOptions, type SiteOptions } from './options.js'
import { scriptTag, type ScriptTagOptions } from './script-tag.js'
import { createSessions, type HeldSession } from './session/index.js'
import type { Visit } from './visit.js'

export type { ScriptTagOptions, SignIn, SignOut, UserSession }
export type { SiteSession } from './session/index.js'

/** What adapters stand on; each member is as the one of `Site` that has its name. */
export interface SiteCore {
  /** Where a request has its session. */
  readonly property: string
  /** Answers a request for one of the SDK's endpoints. @returns `undefined` for any other request */
  readonly answer: Answer
  openSession(visit: Visit, takesBearer: boolean): HeldSession | Promise<HeldSession>
  /** @returns `undefined` where the visitor stays; otherwise the way out, or nothing after all */
  redirectOnce(visit: Visit): Promise<Reply | undefined> | undefined
  signIn(visit: Visit, who: SignIn): Promise<void>
  signOut(visit: Visit, options?: SignOut): Promise<void>
  sessions(request: object): Promise<readonly UserSession[]>
  endSession(request: object, ref: string): Promise<boolean>
  endOtherSessions(request: object): Promise<number>
  requireRecent(request: object, maxAgeSeconds: number): void
  scriptTag(nonceOfPage: string | undefined, options?: ScriptTagOptions): string
  close(): void
}

/** @throws SessionHubError `options_invalid` */
export async function createCore<Native extends object>(options: SiteOptions<Native>): Promise<SiteCore> {
  const settings = await resolveSiteOptions(options)
  const log = safeLog(settings.log)
  const transport = createHubTransport(settings)
  const hub = createHubClient(settings, transport, log)
  const pending = createPendingEnds(hub, log)
  const sessions = createSessions({
    settings,
    hub,
    log,
    listen: () => {
      events.start()
    },
    tellEnd: (handle, everywhere) =>
      pending.tell({ handle, ...(everywhere !== undefined && { everywhere }) }),
  })
  const events = createEventStream(transport, sessions.heard, log)
  const site: SiteContext = {
    settings,
    hub,
    hubKeys: createHubKeys(hub, settings.now, log),
    sessions,
    ownTokens: createOwnTokens(settings),
    log,
  }
  const live = createLive()
  const sdk = readSdk()
  return {
    property: settings.sessionProperty,
    answer: createEndpoints(site, { live, sdk }),
    openSession: (visit, takesBearer) => sessions.open(visit, takesBearer),
    redirectOnce: (visit) => redirectOnce(site, visit),
    signIn: async (visit, who) => sessions.begin(visit, readSignIn(who)),
    signOut: async (visit, how) => sessions.end(visit, readSignOut(how)),
    sessions: (request) => userSessions(site, request),
    endSession: (request, ref) => endUserSession(site, request, ref),
    endOtherSessions: (request) => endOtherUserSessions(site, request),
    requireRecent: (request, maxAgeSeconds) => {
      requireRecent(site, request, maxAgeSeconds)
    },
    scriptTag: (nonceOfPage, tagOptions) => scriptTag(settings, sdk.versionedPath, nonceOfPage, tagOptions),
    close() {
      pending.close()
      live.close()
      events.close()
      transport.close()
    },
  }
}
