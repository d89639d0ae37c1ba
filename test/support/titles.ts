/** The titles of all tests, as mocha has them: many are made by loops, so no source text has them. Nothing is run for it. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface TestTitle {
  /** Such as `attacks/frame.test.ts`. */
  readonly file: string
  /** With the titles of the blocks that it stands in. */
  readonly full: string
}

/** In the title of a test, or of a block, that `npm run test:all` runs and `npm test` does not. */
const ALL_ONLY = ' @all'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
const built = join(root, 'build/test')

/** @param rooms folders below `test/` */
export function readTitles(rooms: readonly string[]): readonly TestTitle[] {
  const files = rooms.flatMap((room) =>
    readdirSync(join(built, room))
      .filter((name) => name.endsWith('.test.js'))
      .sort()
      .map((name) => join(built, room, name)),
  )
  const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'))
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [mocha, '--dry-run', '--reporter', 'json', ...files],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  )
  // What a file prints when it is loaded comes before.
  const start = stdout.indexOf('{\n  "stats"')
  if (start < 0) throw new Error(`mocha has listed nothing: ${stderr}`)
  const { tests } = JSON.parse(stdout.slice(start)) as {
    tests: readonly { readonly fullTitle: string; readonly file: string }[]
  }
  return tests.map(({ fullTitle, file }) => ({
    file: file.slice(built.length + 1).replace(/\.js$/, '.ts'),
    full: fullTitle.replaceAll(ALL_ONLY, ''),
  }))
}
