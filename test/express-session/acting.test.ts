/** An administrator acts as a user, in an application that knows express-session only. */
import { expect } from 'chai'
import { expressSession } from 'session-hub/express-session'
import type { ActAs } from 'session-hub/site'

import { passportApp, SECRET } from '../support/passport-app.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('acting as a user, in an application of express-session', () => {
  let world: World
  afterEach(() => world.close())

  it('shows the user, stores nothing, and comes back to the administrator’s own session', async () => {
    world = await startWorld({ sites: [], registration: () => ({ mayImpersonate: true }) })
    const { origin } = await world.addSite(
      'shop',
      (app, site) => {
        app.use(site.router)
        const routes = () => {
          app.post('/act-as', async (req, res) => {
            const as: ActAs = { subject: 'ada', reason: 'Ticket 4711' }
            await site.actAs(req, res, as)
            res.json({})
          })
          app.post('/stop', async (req, res) => {
            res.json({ acted: await site.stopActing(req, res) })
          })
        }
        passportApp(app, expressSession(site, { secret: SECRET, shared: ['cart'] }), { routes })
      },
      { sessionProperty: 'hub' },
    )
    const root = new Visitor(world.hub.origin)
    const home = async () => (await root.ask(`${origin}/`)).json
    await root.post(origin, '/login', { username: 'root', password: 'right' })
    await root.post(origin, '/cart', { item: 'tools' })
    await home()

    expect((await root.post(origin, '/act-as', {})).status).to.equal(200)
    expect(await home()).to.deep.equal({ user: { id: 'ada' }, isIn: true, cart: [], said: {} })
    const refused = await root.post(origin, '/cart', { item: 'boots' })
    expect(refused.status).to.equal(403)
    const again = await root.post(origin, '/login', { username: 'ada', password: 'right' })
    expect(again.status).to.equal(403)
    expect(await home()).to.deep.equal({ user: { id: 'ada' }, isIn: true, cart: [], said: {} })

    expect((await root.post(origin, '/stop', {})).json).to.deep.equal({ acted: true })
    expect(await home()).to.deep.equal({ user: { id: 'root' }, isIn: true, cart: ['tools'], said: {} })
    expect(await world.hub.hub.sessions.list('ada')).to.deep.equal([])
  })
})
