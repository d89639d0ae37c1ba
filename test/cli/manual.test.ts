/** Where a person who reads a finding in a terminal, or an alert, finds the page about it. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import { type Manifest, manualPage } from '../../hub/cli/manual.js'

describe('the address of a page', () => {
  const page = 'doctor.md#dns_failed'
  const cases: readonly [what: string, Partial<Manifest>, address: string][] = [
    [
      'is that of this version in the repository',
      {
        repository: { url: 'git+https://git.example/hub/session-hub.git' },
        homepage: 'https://docs.example',
      },
      'https://git.example/hub/session-hub/blob/v1.2.3/docs/doctor.md#dns_failed',
    ],
    [
      'is in a repository named by its address alone too',
      { repository: 'https://git.example/hub/session-hub' },
      'https://git.example/hub/session-hub/blob/v1.2.3/docs/doctor.md#dns_failed',
    ],
    [
      'is on the documents’ own site where there is no repository',
      { homepage: 'https://docs.example/' },
      'https://docs.example/doctor#dns_failed',
    ],
    ['is nothing that is no https', { repository: 'github:hub/session-hub' }, 'docs/doctor.md#dns_failed'],
    ['is the file in the package where there is neither', {}, 'docs/doctor.md#dns_failed'],
  ]
  for (const [what, manifest, address] of cases)
    it(what, () => {
      expect(manualPage({ version: '1.2.3', ...manifest }, page)).to.equal(address)
    })

  it('is in every alert what it is in the package: whoever gives the package an address gives it to the alerts', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
    const pages = [...readFileSync('ops/alerts.yml', 'utf8').matchAll(/runbook_url: (\S+)/g)]
    expect(pages).to.not.be.empty
    for (const [, url = ''] of pages)
      expect(url).to.equal(manualPage(manifest, url.replace(/^.*(?=metrics)/, '')))
  })
})
