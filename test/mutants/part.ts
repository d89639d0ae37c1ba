/** `--part 1/2`: two processes share the work. Each breaks the code in a tree of its own, and judges its share of the source files. */

export interface Part {
  readonly number: number
  readonly of: number
}

export const part = readPart(process.argv)

function readPart(words: readonly string[]): Part {
  const at = words.indexOf('--part')
  if (at < 0) return { number: 1, of: 1 }
  const [, number, of] = /^(\d+)\/(\d+)$/.exec(words[at + 1] ?? '')?.map(Number) ?? []
  if (!number || !of || number > of) throw new Error('"--part" is followed by a share such as 1/2')
  return { number, of }
}

/** By whole files: what has noticed one mutant of a file is asked first about the next. */
export const shareOf = <Item extends { readonly file: string }>(items: readonly Item[]): readonly Item[] => {
  const files = [...new Set(items.map(({ file }) => file))]
  return items.filter(({ file }) => files.indexOf(file) % part.of === part.number - 1)
}
