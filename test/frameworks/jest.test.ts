/** The test of docs/typescript.md under Jest itself. `npm run test:adapters jest` */
import { expect } from 'chai'

import { type InstalledProject, installProject } from '../support/installed-project.js'
import { filesOf } from '../support/page-of-code.js'

interface Results {
  readonly testResults: readonly { readonly name: string; readonly status: string }[]
}

describe('docs/typescript.md, under Jest', function () {
  this.timeout(600_000)
  let project: InstalledProject

  before(async () => {
    project = await installProject(['jest@30'], { type: 'module', jest: { transform: {} } })
    const code = filesOf('docs/typescript.md')['cart.test.js']!
    await project.write({
      'cart.test.js': code,
      'wrong.test.js': code.replace('advance(150)', 'advance(1)'),
      // A project of CommonJS has the package by `import()`.
      'common/package.json': { type: 'commonjs' },
      'common/cart.test.js': `
        const { expect, test } = require('@jest/globals')
        test('loads', async () => {
          const { createSite } = await import('session-hub/site')
          expect(typeof createSite).toBe('function')
        })`,
    })
  })
  after(() => project.remove())

  const outcomes = async (environment: Record<string, string>) => {
    await project
      .run('jest', ['--json', '--outputFile=results.json', '--silent'], environment)
      .catch(() => undefined)
    const { testResults } = JSON.parse(await project.read('results.json')) as Results
    return Object.fromEntries(
      testResults.map(({ name, status }) => [name.slice(project.folder.length + 1), status]),
    )
  }

  it('passes with the flag that the page names, and can fail', async () => {
    expect(await outcomes({ NODE_OPTIONS: '--experimental-vm-modules' })).to.deep.equal({
      'cart.test.js': 'passed',
      'wrong.test.js': 'failed',
      'common/cart.test.js': 'passed',
    })
  })

  it('does not run without it, as the page says', async () => {
    const { 'cart.test.js': outcome } = await outcomes({ NODE_OPTIONS: '' })
    expect(outcome).to.equal('failed')
  })
})
