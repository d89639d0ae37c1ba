/** The code of a document, by the file names in its first lines. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../../', import.meta.url)

export function filesOf(document: string): Record<string, string> {
  const text = readFileSync(fileURLToPath(new URL(document, ROOT)), 'utf8')
  return Object.fromEntries(
    [...text.matchAll(/^```[cm]?[jt]sx?\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name, code]) => [name!, code!]),
  )
}
