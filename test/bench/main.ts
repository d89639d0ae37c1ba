/**
 * `npm run bench`: what a first visit costs the visitor, the hub and the site, side by side with what it is compared to in the
 * same run. Prints a table and writes `build/bench.json`. A target that is missed is shown, and is no failure of the bench.
 *
 * `node build/test/bench/main.js size` runs only the groups of these names. `--sessions 1000000` fills the stores of the groups `growth`, `stores` and `copy`
 * with more than they have by default.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { admin } from './admin.js'
import { copy } from './copy.js'
import { domains } from './domains.js'
import { events } from './events.js'
import { growth } from './growth.js'
import { ladder } from './ladder.js'
import { middleware } from './middleware.js'
import { peers } from './peers.js'
import { roundTrips } from './round-trips.js'
import { type Group, isMet, type Row } from './row.js'
import { saturation } from './saturation.js'
import { signIn } from './sign-in.js'
import { size } from './size.js'
import { stores } from './stores.js'
import { tableOf } from './table.js'
import { tabs } from './tabs.js'
import { transfer } from './transfer.js'
import { watching } from './watching.js'

const groups: readonly Group[] = [
  size,
  roundTrips,
  ladder,
  transfer,
  watching,
  middleware,
  signIn,
  events,
  tabs,
  admin,
  domains,
  growth,
  saturation,
  stores,
  copy,
  peers,
]

const { positionals: wanted, values } = parseArgs({
  allowPositionals: true,
  options: { sessions: { type: 'string', default: '100000' } },
})
const sessions = Number(values.sessions)
const rows: Row[] = []
for (const { name, isSeldom = false, measure } of groups) {
  if (wanted.length > 0 ? !wanted.includes(name) : isSeldom) continue
  console.error(`measuring: ${name}`)
  rows.push(...(await measure({ sessions })))
}
console.log(tableOf(rows))

const report = {
  node: process.version,
  rows: rows.map((row) => ({ ...row, ...(row.target && { met: isMet(row) }) })),
}
await writeFile(new URL('../../bench.json', import.meta.url), `${JSON.stringify(report, null, 2)}\n`)
