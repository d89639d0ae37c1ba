/** The application of docs/frameworks/web.md on Bun and on Deno: those of this machine, or as npm installs them. `npm run test:adapters runtimes` */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { type InstalledProject, installProject } from '../support/installed-project.js'
import { filesOf } from '../support/page-of-code.js'
import { expectGuards, expectToTravel, expectToTravelInChromium, type TwoSites } from '../support/travel.js'
import { startTwoSites } from '../support/two-sites.js'
import { startWorld, type World } from '../support/world.js'

const run = promisify(execFile)

const runtimes = {
  bun: { package: 'bun@1', args: ['bun.mjs'] },
  deno: {
    package: 'deno@2',
    args: ['run', '--allow-env', '--allow-net', '--allow-read', '--allow-sys', 'deno.mjs'],
  },
}

for (const [name, { package: installed, args }] of Object.entries(runtimes)) {
  describe(`docs/frameworks/web.md on ${name}`, function () {
    this.timeout(600_000)
    let project: InstalledProject | undefined
    let world: World | undefined
    let sites: TwoSites

    before(async function () {
      const command = await own(name)
      project = await installProject(command ? [] : [installed])
      const program = command ?? project.program(name)
      const version = await run(program, ['--version']).catch(() => undefined)
      if (!version) {
        console.log(`      ${name} is not here, and npm has none for this machine: not tested`)
        this.skip()
      }
      console.log(`      ${name} ${version.stdout.split('\n')[0]}`)
      await project.write(filesOf('docs/frameworks/web.md'))
      world = await startWorld({ sites: [] })
      const { start } = project
      sites = await startTwoSites(world, (environment) => start(program, args, environment, /listens/))
    })
    after(async () => {
      await project?.remove()
      await world?.close()
    })

    it('has a site to which a cart and a sign-in travel', () => expectToTravel(sites))
    it('does so in Chromium', () => expectToTravelInChromium(sites))
    it('R18, R31, R39: refuses what the core refuses', () => expectGuards(sites))
  })
}

/** The one that this machine has. */
const own = (name: string) =>
  run(name, ['--version']).then(
    () => name,
    () => undefined,
  )
