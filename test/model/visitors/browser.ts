/** A browser as far as it matters here: a jar of cookies, and the requests that pages and the SDK make with it. */
import { binding, type FrameData } from '../../support/visitor.js'
import { ask, type Asked, type Replied } from '../in-process.js'
import type { Act } from './plan.js'
import type { World } from './world.js'

type Json = Readonly<Record<string, unknown>>

export interface Reply {
  readonly status: number
  readonly json: Json
  readonly location: string | undefined
  /** The cookies that came with it go into the jar. Until then the browser has not got it. */
  keep(): void
  readonly text: string
}

export interface Sent {
  /** The session cookie that went with it. */
  readonly token: string | undefined
  reply(): Promise<Reply>
}

interface Way {
  /** The first request posts this, from a page of this origin. */
  readonly form?: { readonly body: string; readonly origin: string }
  /** Where the window stops, without going there. */
  readonly before?: string
}

const SESSION = '__Host-session'
const HUB = '__Host-session-hub'

export class Browser {
  readonly #jars = new Map<string, Map<string, string>>()
  /** Every session cookie that it ever had. */
  readonly tokens = new Map<string, number>()

  constructor(readonly world: World) {}

  token(site: number): string | undefined {
    return this.#jar(this.world.origin(site)).get(SESSION)
  }

  hubHandle(): string | undefined {
    return this.#jar(this.world.hubOrigin).get(HUB)
  }

  isOff(site: number): boolean {
    return this.#jar(this.world.origin(site)).has('__Host-session-off')
  }

  /** The request leaves with the cookies of now. */
  act(site: number, process: number, act: Act, name: string): Sent {
    switch (act.do) {
      case 'visit':
        return this.#send(site, process, { method: 'GET', url: '/' })
      case 'store':
        return this.#post(site, process, '/store', { item: name, by: act.by })
      case 'sign in':
        return this.#post(site, process, '/sign-in', { subject: name })
      case 'sign out':
        return this.#post(site, process, '/sign-out', { everywhere: act.everywhere })
    }
  }

  /** A page, with this cookie alone. */
  show(site: number, process: number, token: string): Promise<Reply> {
    const headers = { cookie: `${SESSION}=${token}` }
    return this.#send(site, process, { method: 'GET', url: '/', headers }, false).reply()
  }

  /** A page's own fetch to the SDK's endpoints. */
  endpoint(site: number, process: number, name: string, body: object, headers: Asked['headers'] = {}) {
    return this.#kept(this.#post(site, process, `/session-hub/${name}`, body, headers))
  }

  async frame(site: number, nonce: string): Promise<FrameData | undefined> {
    const origin = this.world.origin(site)
    const state = this.#jar(origin).get('__Host-session-state')
    const query = new URLSearchParams({ site: origin, nonce, ...(state !== undefined && { state }) })
    const reply = await this.#askHub({
      method: 'GET',
      url: `/frame?${query}`,
      headers: {
        referer: `${origin}/`,
        'sec-fetch-dest': 'iframe',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-storage-access': 'active',
      },
    })
    const written = /id=data>(.*?)<\/script>/s.exec(reply?.text ?? '')?.[1]
    return written === undefined ? undefined : (JSON.parse(written) as FrameData)
  }

  /** What the frame asks of its own hub. */
  async fromFrame(url: string, body: object): Promise<Json> {
    const reply = await this.#askHub({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/json',
        'x-session-hub': '1',
        origin: this.world.hubOrigin,
        'sec-fetch-site': 'same-origin',
        'sec-fetch-storage-access': 'active',
      },
      body,
    })
    return reply?.json ?? {}
  }

  /** @returns every answer: none where there was nothing to redeem */
  async sync(
    site: number,
    process: number,
    redeemAt: number,
    choice: string | null,
  ): Promise<{ outcome: unknown; replies: Reply[] }> {
    const replies: Reply[] = []
    if (this.isOff(site)) return { outcome: 'off', replies }
    const { verifier, nonce } = binding()
    const data = await this.frame(site, nonce)
    if (!data) return { outcome: 'failed', replies }
    let message: Json = { ...data.message }
    if (message.outcome === 'offer') {
      const offered = await this.endpoint(site, process, 'offer', { nonce })
      replies.push(offered)
      const { proof, site: origin } = data
      message = await this.fromFrame('/exchange', {
        ...{ site: origin, nonce, proof, offer: offered.json.offer ?? null },
        ...(choice !== null && { choice }),
      })
    }
    const { ticket, outcome } = message
    if (ticket === undefined) return { outcome, replies }
    const redeemed = await this.endpoint(site, redeemAt, 'redeem', { ticket, verifier })
    replies.push(redeemed)
    return { outcome: redeemed.status === 200 ? outcome : redeemed.json.error, replies }
  }

  async forget(site: number, process: number, isOff: boolean): Promise<Reply[]> {
    const { nonce } = binding()
    const data = await this.frame(site, nonce)
    const reply = await this.endpoint(site, process, 'forget', { off: isOff })
    if (data) await this.fromFrame('/forget', { site: data.site, nonce, proof: data.proof, forget: isOff })
    return [reply]
  }

  /** A window is led from address to address, by pages of whichever origin. */
  async navigate(address: string, process: number, { form, before }: Way = {}): Promise<Reply[]> {
    const replies: Reply[] = []
    for (let url: URL | undefined = new URL(address), posted = form; url && replies.length < 9;) {
      if (url.pathname === before) break
      const asked: Asked = {
        method: posted ? 'POST' : 'GET',
        url: url.pathname + url.search,
        headers: {
          ...{ accept: 'text/html', 'sec-fetch-dest': 'document' },
          ...{ 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' },
          ...(posted && { origin: posted.origin, 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(posted && { body: posted.body }),
      }
      const { origin }: URL = url
      const site = this.world.sites.findIndex((each) => each.origin === origin)
      // No Lax cookie comes with a form of another site's page.
      const reply: Reply | undefined =
        site < 0 ? await this.#askHub(asked) : await this.#kept(this.#send(site, process, asked, !posted))
      if (!reply) break
      replies.push(reply)
      posted = undefined
      url = reply.location === undefined ? undefined : new URL(reply.location, url)
    }
    return replies
  }

  async linkTicket(site: number, process: number, to: number): Promise<unknown> {
    return (await this.endpoint(site, process, 'link', { to: this.world.origin(to) })).json.ticket
  }

  #post(site: number, process: number, url: string, body: object, headers: Asked['headers'] = {}): Sent {
    const origin = this.world.origin(site)
    const own = { 'content-type': 'application/json', origin, 'sec-fetch-site': 'same-origin' }
    return this.#send(site, process, { method: 'POST', url, headers: { ...own, ...headers }, body })
  }

  #send(
    site: number,
    process: number,
    asked: Omit<Asked, 'headers'> & Partial<Asked>,
    hasCookies = true,
  ): Sent {
    const origin = this.world.origin(site)
    const { cookie, token } = this.#shown(origin, hasCookies)
    const listener = this.world.app(site, process)
    const headers = { host: new URL(origin).host, ...cookie, ...asked.headers }
    return {
      token,
      reply: async () => this.#reply(origin, await ask(listener, { ...asked, headers })),
    }
  }

  /** `undefined` while the hub is away. */
  async #askHub(asked: Asked): Promise<Reply | undefined> {
    if (!this.world.line.isUp) return undefined
    const { hubOrigin, hubApp } = this.world
    const { cookie } = this.#shown(hubOrigin, true)
    const headers = { host: new URL(hubOrigin).host, ...cookie, ...asked.headers }
    const reply = this.#reply(hubOrigin, await ask(hubApp, { ...asked, headers }))
    reply.keep()
    return reply
  }

  #shown(origin: string, hasCookies: boolean): { cookie: Record<string, string>; token: string | undefined } {
    const jar = this.#jar(origin)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    return hasCookies && cookie !== ''
      ? { cookie: { cookie }, token: jar.get(SESSION) }
      : { cookie: {}, token: undefined }
  }

  async #kept(sent: Sent): Promise<Reply> {
    const reply = await sent.reply()
    reply.keep()
    return reply
  }

  #reply(origin: string, { status, headers, body }: Replied): Reply {
    return {
      status,
      text: body,
      json: body.startsWith('{') ? (JSON.parse(body) as Json) : {},
      location: headers.get('location')?.[0],
      keep: () => {
        for (const set of headers.get('set-cookie') ?? []) this.#set(origin, set)
      },
    }
  }

  #set(origin: string, set: string): void {
    const jar = this.#jar(origin)
    const [pair = ''] = set.split(';')
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(name.length + 1)
    if (value === '' || /max-age=0(;|$)/i.test(set)) jar.delete(name)
    else jar.set(name, value)
    const site = this.world.sites.findIndex((each) => each.origin === origin)
    if (name === SESSION && value !== '') this.tokens.set(value, site)
  }

  #jar(origin: string): Map<string, string> {
    let jar = this.#jars.get(origin)
    if (!jar) this.#jars.set(origin, (jar = new Map<string, string>()))
    return jar
  }
}
