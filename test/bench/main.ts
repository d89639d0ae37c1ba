/**
 * `npm run bench`: what a first visit costs the visitor, the hub and the site, side by side with what it is compared to in the
 * same run. Prints a table and writes `build/bench.json`. A target that is missed is shown, and is no failure of the bench.
 *
 * `node build/test/bench/main.js size` runs only the groups of these names.
 */
import { writeFile } from 'node:fs/promises'

import { admin } from './admin.js'
import { domains } from './domains.js'
import { events } from './events.js'
import { ladder } from './ladder.js'
import { middleware } from './middleware.js'
import { roundTrips } from './round-trips.js'
import { type Group, isMet, type Row } from './row.js'
import { signIn } from './sign-in.js'
import { size } from './size.js'
import { tableOf } from './table.js'
import { tabs } from './tabs.js'
import { transfer } from './transfer.js'

const groups: readonly Group[] = [
  size,
  roundTrips,
  ladder,
  transfer,
  middleware,
  signIn,
  events,
  tabs,
  admin,
  domains,
]

const wanted = process.argv.slice(2)
const rows: Row[] = []
for (const { name, measure } of groups) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.error(`measuring: ${name}`)
  rows.push(...(await measure()))
}
console.log(tableOf(rows))

const report = {
  node: process.version,
  rows: rows.map((row) => ({ ...row, ...(row.target && { met: isMet(row) }) })),
}
await writeFile(new URL('../../bench.json', import.meta.url), `${JSON.stringify(report, null, 2)}\n`)
