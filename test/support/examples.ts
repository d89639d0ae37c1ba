/** The folders of `examples/`, and the files of each. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../examples/', import.meta.url))
/** What running an example leaves behind. */
const MADE = /^(node_modules|dist|\.next)$/

export const exampleNames: readonly string[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

/** @returns the text of each file, by its path with slashes */
export function filesOfExample(name: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(join(FOLDER, name), { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name).slice(join(FOLDER, name).length + 1)
    if (!entry.isFile() || path.split(sep).some((part) => MADE.test(part))) continue
    files[path.replaceAll(sep, '/')] = readFileSync(join(entry.parentPath, entry.name), 'utf8')
  }
  return files
}
