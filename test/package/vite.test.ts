/** The packed package in a browser's bundle, by Vite: what belongs there is taken, and a server's door is refused in words. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { type PackedProject, startPackedProject } from '../support/packed-project.js'
import { viteBuild } from '../support/vite-build.js'

describe('the packed package, bundled by Vite', function () {
  this.timeout(60_000)
  let project: PackedProject

  before(async () => {
    project = await startPackedProject()
    await Promise.all(['react', 'vue', 'jose'].map((name) => project.link(name)))
  })
  after(() => project.remove())

  /** @returns what stands in the way */
  async function bundle(source: string): Promise<string> {
    await project.write({ 'package.json': { private: true, type: 'module' }, 'page.js': source })
    return viteBuild({
      configFile: false,
      root: project.folder,
      logLevel: 'silent',
      build: { write: false, minify: false, rolldownOptions: { input: join(project.folder, 'page.js') } },
    }).then(
      () => 'bundled',
      (error: unknown) => String(error),
    )
  }

  for (const [door, names] of Object.entries({
    'session-hub': ['createClient'],
    'session-hub/panel': ['openPanel'],
    'session-hub/react': ['useSessionHub'],
    'session-hub/vue': ['useSessionHub'],
    'session-hub/svelte': ['sessionHub'],
    'session-hub/verify': ['verifySession'],
  }))
    it(`is ${door} in it?`, async () => {
      expect(
        await bundle(`import { ${names.join()} } from '${door}'\nconsole.log(${names.join()})`),
      ).to.equal('bundled')
    })

  it('is every door of a server refused, however it is imported?', async () => {
    const { exports } = JSON.parse(await readFile(join(project.home, 'package.json'), 'utf8')) as {
      exports: Record<string, object>
    }
    const doors = Object.keys(exports).filter((door) => 'browser' in Object(exports[door]))
    expect(doors).to.include.members(['./site', './hub', './testing'])
    for (const door of doors.map((path) => path.replace('.', 'session-hub')))
      for (const source of [
        `import * as all from '${door}'\nconsole.log(all)`,
        `import '${door}'`,
        `import('${door}').then(console.log)`,
      ])
        expect(await bundle(source), source).to.match(/is not exported under the conditions .* "browser"/)
  })
})
