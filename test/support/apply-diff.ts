/** Applies a unified diff whose places are found by their lines, not by numbers: what stands in documents is read and written by people. */
export function applyDiff(source: string, diff: string): string {
  const [, ...hunks] = diff.split(/^@@\n/m)
  if (hunks.length === 0) throw new Error('The diff has no hunk')
  return hunks.reduce((text, hunk) => {
    const lines = hunk.replace(/\n$/, '').split('\n')
    const side = (signs: string) =>
      lines.filter((line) => signs.includes(line.charAt(0))).map((line) => `${line.slice(1)}\n`)
    const stray = lines.find((line) => !' +-'.includes(line.charAt(0)))
    if (stray !== undefined) throw new Error(`This line is neither old nor new: ${stray}`)
    const [before, after] = [side(' -').join(''), side(' +').join('')]
    const parts = text.split(before)
    if (parts.length !== 2) throw new Error(`This stands ${parts.length - 1} times in it:\n${before}`)
    return parts.join(after)
  }, source)
}

/** A line that is there instead of another counts once. */
export function changedLines(diff: string): number {
  const [, ...hunks] = diff.split(/^@@\n/m)
  const count = (hunk: string, sign: string) =>
    hunk.split('\n').filter((line) => line.startsWith(sign)).length
  return hunks.reduce((sum, hunk) => sum + Math.max(count(hunk, '+'), count(hunk, '-')), 0)
}
