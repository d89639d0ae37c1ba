/** A server that a bundler has made one file of: our code is in it, and the files beside our code are not. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect } from 'chai'
import { rollup } from 'rollup'

const exec = promisify(execFile)

const ENTRY = `
  import { createSite } from 'session-hub/site'
  import { generateSite } from 'session-hub/hub'
  const { keys } = await generateSite('https://shop.example')
  try {
    const site = await createSite({ origin: 'https://shop.example', hub: 'https://hub.example', keys })
    console.log(site.scriptTag().startsWith('<script') ? 'made' : 'no tag')
    site.close()
  } catch ({ code, message }) {
    console.log(code + ': ' + message)
  }
`

describe('a site in a server’s bundle', () => {
  let folder: string

  // Inside of the project, so that what is left outside of the bundle is found.
  before(async () => {
    folder = await mkdtemp(fileURLToPath(new URL('../../bundled-', import.meta.url)))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  async function outputOf(isExternal: boolean): Promise<string> {
    const file = (door: string) => fileURLToPath(new URL(`../../../dist/${door}.js`, import.meta.url))
    const bundle = await rollup({
      input: 'entry',
      external: (id) => !/^(entry$|[./])/.test(id) && (isExternal || !id.startsWith('session-hub/')),
      logLevel: 'silent',
      plugins: [
        {
          name: 'entry',
          resolveId: (id) =>
            id === 'entry' ? id : !isExternal && id.startsWith('session-hub/') ? file(id.slice(12)) : null,
          load: (id) => (id === 'entry' ? ENTRY : null),
        },
      ],
    })
    const at = join(folder, `${isExternal ? 'external' : 'inside'}.mjs`)
    await bundle.write({ file: at, format: 'es', inlineDynamicImports: true })
    await bundle.close()
    return (await exec(process.execPath, [at])).stdout.trim()
  }

  it('says at the start that it has to be kept out, and why', async () => {
    expect(await outputOf(false)).to.match(/^options_invalid: sdk\.js is not beside .*"external"/)
  })

  it('works where it is kept out', async () => {
    expect(await outputOf(true)).to.equal('made')
  })
})
