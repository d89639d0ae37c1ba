/**
 * A visitor without a browser: a jar of cookies and the requests that a browser would make, spelt as browsers spell them. For
 * what can be seen on the wire; what browsers do themselves is tested in browsers.
 */
import { createHash, randomBytes } from 'node:crypto'
import http from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  readonly json: Record<string, unknown>
}

export interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string | undefined>
  readonly body?: string | Buffer | object
}

/** One request, exactly as written: nothing is added but Host and the body's length. `*.localhost` is this machine. */
export function send(url: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Reply> {
  const { port, pathname, search, host } = new URL(url)
  const payload = payloadOf(body)
  const all: Record<string, string | undefined> = { host, ...headers }
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return new Promise((resolve, reject) => {
    const req = http.request({
      host: '127.0.0.1',
      port,
      path: pathname + search,
      method,
      headers: {
        ...given,
        ...(payload !== undefined && { 'content-length': String(payload.length) }),
      },
    })
    req.on('error', reject)
    req.on('response', (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: parsed(text) })
      })
    })
    req.end(payload)
  })
}

/** Bytes, since beside a text Node writes the headers in the text's encoding too. */
function payloadOf(body: Ask['body']): Buffer | undefined {
  if (body === undefined || body instanceof Buffer) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

export interface Binding {
  readonly verifier: string
  readonly nonce: string
}

export function binding(): Binding {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, nonce: createHash('sha256').update(verifier).digest('base64url') }
}

/** What the hub wrote into a frame's document. */
export interface FrameData {
  readonly site: string
  readonly proof: string
  readonly message: {
    readonly outcome: string
    readonly ticket?: string
    readonly reason?: string
    readonly nonce: string
  }
}

/** What a browser says of a window that is led somewhere. */
const window = {
  accept: 'text/html,*/*',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'cross-site',
}

export class Visitor {
  /** Cookies by host and name: loopback hosts under `.localhost` are sites of their own, and so is each port's host here. */
  readonly jar = new Map<string, Map<string, string>>()
  /** Where a site's endpoints are, if not at `/session-hub`; by its origin. */
  readonly endpoints = new Map<string, string>()

  constructor(readonly hub: string) {}

  cookies(origin: string): Map<string, string> {
    const { host } = new URL(origin)
    const cookies = this.jar.get(host) ?? new Map<string, string>()
    this.jar.set(host, cookies)
    return cookies
  }

  endpoint(origin: string): string {
    return this.endpoints.get(origin) ?? '/session-hub'
  }

  async ask(url: string, { headers = {}, ...rest }: Ask = {}): Promise<Reply> {
    const cookies = this.cookies(url)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await send(url, { ...rest, headers: { ...(cookie && { cookie }), ...headers } })
    for (const set of reply.headers['set-cookie'] ?? []) {
      const [pair = ''] = set.split(';')
      const name = pair.slice(0, pair.indexOf('='))
      const value = pair.slice(name.length + 1)
      if (value === '' || /max-age=0/i.test(set)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return reply
  }

  /** A page's own fetch to its backend. */
  post(origin: string, path: string, body: object, headers: Ask['headers'] = {}): Promise<Reply> {
    return this.ask(origin + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', origin, 'sec-fetch-site': 'same-origin', ...headers },
    })
  }

  /** The hub's frame in a page of this site, with third-party cookies allowed. */
  async frame(
    site: string,
    nonce: string,
    headers: Ask['headers'] = {},
  ): Promise<Reply & { data: FrameData }> {
    const state = this.cookies(site).get('__Host-session-state')
    const query = new URLSearchParams({ site, nonce, ...(state && { state }) })
    const reply = await this.ask(`${this.hub}/frame?${query}`, {
      headers: {
        referer: `${site}/`,
        'sec-fetch-dest': 'iframe',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-storage-access': 'active',
        ...headers,
      },
    })
    const written = /id=data>(.*?)<\/script>/s.exec(reply.text)?.[1] ?? 'null'
    return { ...reply, data: JSON.parse(written) as FrameData }
  }

  exchange(
    { site, proof, message }: FrameData,
    offer: string | null,
    headers: Ask['headers'] = {},
    choice?: string,
  ): Promise<Reply> {
    return this.ask(`${this.hub}/exchange`, {
      method: 'POST',
      body: { site, nonce: message.nonce, proof, offer, ...(choice !== undefined && { choice }) },
      headers: {
        'content-type': 'application/json',
        'x-session-hub': '1',
        origin: this.hub,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })
  }

  /** A whole sync, as the SDK does it. */
  async sync(
    site: string,
    choice?: 'hub' | 'site',
  ): Promise<{ outcome: string; redeemed?: Reply; ended?: unknown; reason?: unknown; subject?: unknown }> {
    const { verifier, nonce } = binding()
    const { data } = await this.frame(site, nonce)
    let message: Record<string, unknown> = { ...data.message }
    let ended: unknown
    if (message.outcome === 'offer') {
      const offered = await this.post(site, `${this.endpoint(site)}/offer`, { nonce })
      ended = offered.json.ended
      message = (
        await this.exchange(data, (offered.json.offer as string | null | undefined) ?? null, {}, choice)
      ).json
    }
    const { outcome, ticket, reason, subject } = message
    const redeemed =
      ticket === undefined
        ? undefined
        : await this.post(site, `${this.endpoint(site)}/redeem`, { ticket, verifier })
    return { outcome: String(outcome), reason, ended, subject, ...(redeemed && { redeemed }) }
  }

  /** A ticket for this site, not redeemed yet. */
  async ticket(site: string): Promise<Binding & { ticket: string }> {
    const bound = binding()
    const { data } = await this.frame(site, bound.nonce)
    if (data.message.ticket === undefined) throw new Error(`No ticket, but "${data.message.outcome}"`)
    return { ...bound, ticket: data.message.ticket }
  }

  /** The visitor's own window goes there, as from a page of another site, and on as it is told. @returns every answer, the last one last */
  async navigate(url: string, headers: Ask['headers'] = {}): Promise<Reply[]> {
    return this.#follow(await this.ask(url, { headers: { ...window, ...headers } }), url)
  }

  /** A form that a page has posted into the visitor's window: across sites, so no Lax cookie comes with it. */
  async submit(url: string, form: Record<string, string>, headers: Ask['headers'] = {}): Promise<Reply[]> {
    const reply = await this.ask(url, {
      method: 'POST',
      body: new URLSearchParams(form).toString(),
      headers: {
        ...window,
        cookie: undefined,
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
    })
    return this.#follow(reply, url)
  }

  /** One step of it. */
  async navigateOnce(url: string, headers: Ask['headers'] = {}): Promise<[Reply]> {
    return [await this.ask(url, { headers: { ...window, ...headers } })]
  }

  /** Step by step, as long as it is led on. @returns the first address of this path, to which the visitor has not gone yet */
  async walk(url: string, path: string): Promise<string> {
    for (let next = url, steps = 0; steps < 10; steps += 1) {
      const [{ headers }] = await this.navigateOnce(next)
      if (headers.location === undefined) break
      next = new URL(headers.location, next).href
      if (new URL(next).pathname === path) return next
    }
    throw new Error(`The visitor was not led to ${path}`)
  }

  /** Another browser, with a copy of every cookie. */
  copy(): Visitor {
    const copied = new Visitor(this.hub)
    for (const [host, cookies] of this.jar) copied.jar.set(host, new Map(cookies))
    for (const [origin, endpoint] of this.endpoints) copied.endpoints.set(origin, endpoint)
    return copied
  }

  async #follow(reply: Reply, url: string): Promise<Reply[]> {
    const { location } = reply.headers
    if (reply.status !== 303 || location === undefined) return [reply]
    return [reply, ...(await this.navigate(new URL(location, url).href))]
  }

  /** How the site says the visitor has arrived; the SDK would read and remove it. */
  arrival(site: string): string | undefined {
    const value = this.cookies(site).get('__Host-session-arrival')
    this.cookies(site).delete('__Host-session-arrival')
    return value
  }

  /** To the hub and back, as `client.redirect()` does it. */
  async redirect(
    site: string,
    returnTo = '/whoami',
  ): Promise<{ replies: Reply[]; arrival: string | undefined }> {
    const begin = `${site}${this.endpoint(site)}/redirect`
    const replies = await this.navigate(`${begin}?return=${encodeURIComponent(returnTo)}`)
    return { replies, arrival: this.arrival(site) }
  }

  /** A link ticket from one site for another, `null` where there is nothing to share. */
  async linkTicket(from: string, to: string): Promise<string | null> {
    return (await this.post(from, `${this.endpoint(from)}/link`, { to })).json.ticket as string | null
  }

  /** Follows a link from one site to a page of another, with the ticket that the SDK would fetch. */
  async follow(from: string, address: string): Promise<{ replies: Reply[]; arrival: string | undefined }> {
    const { origin } = new URL(address)
    const ticket = await this.linkTicket(from, origin)
    if (ticket === null) return { replies: await this.navigate(address), arrival: undefined }
    const replies = await this.submit(
      `${origin}${this.endpoint(origin)}/enter`,
      { ticket, to: address },
      { origin: from },
    )
    return { replies, arrival: this.arrival(origin) }
  }

  async whoami(site: string): Promise<Record<string, unknown>> {
    return (await this.ask(`${site}/whoami`)).json
  }
}
