/** A visit to a Fastify server. Answers and cookies are sent through Node's own response, so that no Fastify hook can remove them (R41). */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Reply } from '../../http/reply.js'
import type { OpenEvents } from '../../http/server-sent-events.js'
import { NodeVisit } from './node-visit.js'

export class FastifyVisit extends NodeVisit {
  constructor(
    readonly outer: FastifyRequest,
    readonly outerReply: FastifyReply,
    property: string,
  ) {
    super(outer.raw, outerReply.raw, property, 0)
  }

  override get fullUrl() {
    return this.outer.originalUrl
  }

  override get address() {
    // The address after Fastify has applied its `trustProxy`.
    return this.outer.ip
  }

  override get openEvents(): OpenEvents {
    return (...given) => {
      // Otherwise Fastify's `handlerTimeout` would break the stream off.
      this.outerReply.hijack()
      return super.openEvents(...given)
    }
  }

  override refuseAddress(): void {
    this.outerReply.hijack()
    super.refuseAddress()
  }

  override reply(reply: Reply): void {
    this.outerReply.hijack()
    super.reply(reply)
  }
}
