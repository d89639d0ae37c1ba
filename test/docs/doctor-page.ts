/** Writes the findings into `docs/doctor.md`, from the doctor's own table: `npm run docs:doctor`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { findingCodes, findingKinds } from '../../hub/doctor/findings.js'
import { root } from '../support/titles.js'

export const doctorFile = join(root, 'docs/doctor.md')

const HEADING = '\n## Findings\n'

/** The page with its last part made anew. */
export function writeDoctorPage(page: string): string {
  const before = page.slice(0, page.indexOf(HEADING))
  const table = findingCodes.map((code) => `| [\`${code}\`](#${code}) | ${findingKinds[code].level} |`)
  const sections = findingCodes.map((code) => {
    const { meaning, why, remedy } = findingKinds[code]
    return `### ${code}\n\n${meaning}\n\n*Why it matters.* ${why}\n\n*What to do.* ${remedy}\n`
  })
  return `${before}${HEADING}\n| finding | level |\n|---|---|\n${table.join('\n')}\n\n${sections.join('\n')}`
}

if (process.argv[1]?.endsWith('doctor-page.js'))
  writeFileSync(doctorFile, writeDoctorPage(readFileSync(doctorFile, 'utf8')))
