/** An administrator without a browser: signs in with a token, reads pages, and sends the forms that are in them. */
import { createHash, randomBytes } from 'node:crypto'

import type { AdminToken, Permission } from 'session-hub/hub'

import { type Ask, type Reply, Visitor } from './visitor.js'

/** A token of 256 bits, and what the hub is told of it. */
export function newToken(name: string, ...permissions: Permission[]): { token: string; known: AdminToken } {
  const token = randomBytes(32).toString('base64url')
  return {
    token,
    known: { name, permissions, sha256: createHash('sha256').update(token).digest('base64url') },
  }
}

type Headers = NonNullable<Ask['headers']>
type Fields = Readonly<Record<string, string | readonly string[]>>

export class Administrator extends Visitor {
  /** Out of the page that was read last: what a form has to carry back. */
  formTag = ''

  async read(path: string, headers: Headers = {}): Promise<Reply> {
    const reply = await this.ask(this.hub + path, { headers })
    this.formTag = /name="form" value="([^"]*)"/.exec(reply.text)?.[1] ?? this.formTag
    return reply
  }

  /** As a browser sends a form of the page that was read last. */
  send(path: string, fields: Fields = {}, headers: Headers = {}): Promise<Reply> {
    const pairs = Object.entries({ form: this.formTag, ...fields }).flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((one) => [name, one]),
    )
    return this.ask(this.hub + path, {
      method: 'POST',
      body: new URLSearchParams(pairs).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: this.hub,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })
  }

  async signIn(token: string, headers: Headers = {}): Promise<Reply> {
    await this.read('/admin/sign-in')
    return this.send('/admin/sign-in', { token }, headers)
  }

  /** The refs on a page, in its order. */
  async refs(path = '/admin'): Promise<string[]> {
    const { text } = await this.read(path)
    return [...text.matchAll(/name="one" value="([^"]*)"/g)].map(([, ref = '']) => ref)
  }
}

/** A program with a token. */
export const program =
  (hub: string, token: string) =>
  (path: string, body?: object, headers: Headers = {}): Promise<Reply> =>
    new Visitor(hub).ask(hub + path, {
      ...(body && { method: 'POST', body }),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
    })
