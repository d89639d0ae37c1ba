/** docs/doctor.md is made from the doctor's own table, so it has to be made again when that changes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { examineSites } from '../../hub/cli/doctor.js'
import { findingCodes } from '../../hub/doctor/findings.js'
import { root } from '../support/titles.js'
import { doctorFile, writeDoctorPage } from './doctor-page.js'

describe('docs/doctor.md', () => {
  const page = readFileSync(doctorFile, 'utf8')

  it('says of every finding what the doctor says; if not, "npm run docs:doctor" writes it anew', () => {
    expect(page).to.equal(writeDoctorPage(page))
  })

  it('has every option of the command', () => {
    const options = examineSites.help.match(/^ {2}--[\w-]+/gm)?.map((option) => option.trim())
    expect(options).to.have.length.above(3)
    expect([...page.matchAll(/^\| `(--[\w-]+)/gm)].map(([, option]) => option)).to.deep.equal(options)
  })

  it('has no finding that no test has found', () => {
    const tests = ['browser', 'doctor', 'places'].map((name) =>
      readFileSync(join(root, `test/doctor/${name}.test.ts`), 'utf8'),
    )
    expect(findingCodes.filter((code) => !tests.some((test) => test.includes(`'${code}'`)))).to.deep.equal([])
  })

  it('has a section for every finding, by its name', () => {
    const headings = [...page.matchAll(/^### (\w+)$/gm)].map(([, code]) => code)
    expect(headings).to.deep.equal([...findingCodes])
  })
})
