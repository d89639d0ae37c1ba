/** The application of docs/frameworks/nestjs.md, as npm installs it. `npm run test:adapters nestjs` */
import { expect } from 'chai'

import { type InstalledProject, installProject } from '../support/installed-project.js'
import { filesOf } from '../support/page-of-code.js'
import { expectGuards, expectToTravel, expectToTravelInChromium, type TwoSites } from '../support/travel.js'
import { startTwoSites } from '../support/two-sites.js'
import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('docs/frameworks/nestjs.md', function () {
  this.timeout(600_000)
  let project: InstalledProject
  let world: World
  let sites: TwoSites

  before(async () => {
    project = await installProject([
      '@nestjs/common@12',
      '@nestjs/core@12',
      '@nestjs/platform-express@12',
      'reflect-metadata@0.2',
      'rxjs@7',
      'typescript@5',
      '@types/node@22',
    ])
    await project.write({
      ...filesOf('docs/frameworks/nestjs.md'),
      'tsconfig.json': {
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          strict: true,
          skipLibCheck: true,
          types: ['node'],
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
        },
      },
    })
    await project.run('tsc', [])
    world = await startWorld({ sites: [] })
    sites = await startTwoSites(world, (environment) =>
      project.start(process.execPath, ['main.js'], environment, /listens/),
    )
  })
  after(async () => {
    await project.remove()
    await world.close()
  })

  it('has a site to which a cart and a sign-in travel', () => expectToTravel(sites))
  it('does so in Chromium', () => expectToTravelInChromium(sites))
  it('R18, R31, R39: refuses what the core refuses', () => expectGuards(sites))

  it('answers 503 while the hub is down, and goes on when it is back', async () => {
    const visitor = new Visitor(sites.hub)
    await world.hub.listener.stop()
    const { status, json } = await visitor.post(sites.shop, '/cart', {})
    expect(status).to.equal(503)
    expect(json).to.include({ statusCode: 503 })
    await world.hub.listener.start()
    await until(async () => (await visitor.post(sites.shop, '/cart', {})).status < 400)
  })
})
