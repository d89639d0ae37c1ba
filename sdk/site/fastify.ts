/** `session-hub/fastify`: a site as a plugin for Fastify 5. */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'

import { readOptions } from '../settings/option-rows.js'
import { wrong } from '../settings/refuse-unknown.js'
import { FastifyVisit } from './adapters/fastify-visit.js'
import { passEndpoints, passRedirectOnce, passSession } from './adapters/steps.js'
import { fastifyRows } from './fastify-rows.js'
import type { AppSite, OnRequest, Site } from './site.js'

declare module 'fastify' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it only adds a base type
  interface FastifyRequest extends OnRequest {}
}

// `npm run docs:options` writes this interface from sdk/site/fastify-rows.ts.
export interface FastifySiteOptions {
  /** What `createSite()` returned. */
  readonly site: Site | AppSite
  /**
   * Whether `Authorization: Bearer` counts, as with `site.session({ bearer: true })`.
   *
   * @default false
   */
  readonly bearer?: boolean
  /**
   * Whether the first page of a browser session goes to the hub and back, as with `site.redirectOnce()`.
   *
   * @default false
   */
  readonly redirectOnce?: boolean
}

/**
 * Answers the SDK's endpoints and gives each request its `request.session`, before Fastify reads the body. It applies to the whole instance in
 * which it is registered, routes and other plugins alike, as if wrapped with fastify-plugin.
 *
 * @example
 * const app = Fastify()
 * await app.register(fastifySite, { site })
 * app.get('/', ({ session }) => ({ subject: session.subject }))
 * app.post('/sign-out', async (request, reply) => {
 *   await site.signOut(request, reply)
 *   return {}
 * })
 *
 * @throws SessionHubError `options_invalid`, when the application becomes ready
 */
export const fastifySite: FastifyPluginAsync<FastifySiteOptions> = Object.assign(
  (async (fastify, options) => {
    const { site: core, bearer, redirectOnce } = readOptions('fastifySite', fastifyRows, options)
    const { property } = core
    if (fastify.hasRequestDecorator(property))
      throw wrong(
        'fastifySite',
        `request.${property} belongs to another plugin; set createSite({ sessionProperty }) to another name for this one’s session`,
      )
    fastify.decorateRequest(property, {
      getter() {
        return Reflect.get(this.raw, property) as never
      },
    })
    fastify.addHook('onRequest', (request, reply, next) => {
      const visit = new FastifyVisit(request, reply, property)
      const goOn = next as (error?: unknown) => void
      const open = () => {
        passSession(core, visit, bearer, goOn)
      }
      passEndpoints(core, visit, (error) => {
        if (error !== undefined) goOn(error)
        else if (redirectOnce) passRedirectOnce(core, visit, open)
        else open()
      })
    })
    routeEndpoints(fastify, core.endpointPaths)
  }) satisfies FastifyPluginAsync<FastifySiteOptions>,
  {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'session-hub',
    [Symbol.for('plugin-meta')]: { name: 'session-hub', fastify: '5.x' },
  },
)

/**
 * Below a prefix, or in a plugin of the application, Fastify runs hooks only for requests that match a route there; the root answers all
 * others without those hooks. So the endpoints are routes, and the hook answers before a route is reached.
 *
 * @throws SessionHubError `options_invalid`
 */
function routeEndpoints(fastify: FastifyInstance, paths: readonly string[]): void {
  const { prefix } = fastify
  const below = paths.filter((path) => path.startsWith(`${prefix}/`))
  if (below.length === 0)
    throw wrong(
      'fastifySite',
      `the endpoints are not below the prefix "${prefix}": set createSite({ endpoint }) to the path where browsers find them, such as "${prefix}${paths[0]}"`,
    )
  for (const path of below)
    fastify.all(`${path.slice(prefix.length)}/*`, { onRequest: answerNotFound }, answerNotFound)
}

/** Runs before Fastify reads a body: otherwise Fastify would answer 415 for a type that the application does not parse. */
function answerNotFound(_request: FastifyRequest, reply: FastifyReply): void {
  reply.callNotFound()
}
