/** Users in browsers of their own, on several sites of one hub: signed in, counted, asked who they are. */
import { accountApp } from './account-app.js'
import { type Ask, type Reply, Visitor } from './visitor.js'
import { startWorld, type World, type WorldOptions } from './world.js'

export interface Users {
  readonly world: World
  readonly shop: string
  readonly travel: string
  /** A browser of somebody's, with nothing in it. */
  browser(): Visitor
  /** Signs in at the shop, and takes the session to travel, as the SDK would. */
  signIn(visitor: Visitor, subject: string, more?: SignInMore): Promise<Reply>
  /** Signs out at the shop. */
  signOut(visitor: Visitor, how?: object): Promise<Reply>
  /** How many live sessions the hub has of this user. */
  count(subject: string): Promise<number>
  /** Who is signed in there, as the hub sees it now: `null` for nobody. */
  who(visitor: Visitor, site: string): Promise<unknown>
  /** Who is signed in at the shop and at travel, browser by browser. */
  everywhere(...visitors: Visitor[]): Promise<unknown[]>
}

interface SignInMore {
  readonly remember?: boolean
  readonly claims?: object
  readonly headers?: Ask['headers']
}

export async function startUsers(options: WorldOptions = {}): Promise<Users> {
  const world = await startWorld({ sites: ['shop', 'travel'], ...options })
  for (const { listener, site } of Object.values(world.sites)) listener.use(accountApp(site))
  const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]

  async function who(visitor: Visitor, site: string): Promise<unknown> {
    const { status, json } = await visitor.ask(`${site}/whoami`)
    return status === 200 ? json.subject : null
  }

  return {
    world,
    shop,
    travel,
    browser: () => new Visitor(world.hub.origin),
    async signIn(visitor, subject, { headers = {}, ...more } = {}) {
      const reply = await visitor.post(shop, '/account/sign-in', { subject, ...more }, headers)
      if (reply.status === 200) {
        await visitor.sync(shop)
        await visitor.sync(travel)
      }
      return reply
    },
    signOut: (visitor, how = {}) => visitor.post(shop, '/account/sign-out', how),
    async count(subject) {
      const sessions = await world.hub.hub.sessions.list(subject, { limit: 1000 })
      return sessions.length
    },
    who,
    everywhere: (...visitors) =>
      Promise.all(
        visitors.map(async (visitor) => [await who(visitor, shop), await who(visitor, travel)].join()),
      ),
  }
}
