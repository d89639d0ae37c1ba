/** Looks at a page as axe does, in a light and a dark scheme, on a phone and at a desk. */
import axe from 'axe-core'
import type { Page } from 'puppeteer'

/** Each look at one page takes seconds on a busy machine: this is the limit of a test of several. */
export const EXAMINING_MS = 120_000

/**
 * @param phone how wide the phone is
 * @returns what is wrong, each with where it was
 */
export async function examine(page: Page, where: string, phone = 360): Promise<readonly string[]> {
  const found: string[] = []
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    for (const width of [phone, 1280]) {
      await page.setViewport({ width, height: 800 })
      await page.evaluate(axe.source)
      const here = await page.evaluate(async () => {
        const { violations } = await (window as unknown as { axe: typeof axe }).axe.run()
        const wide = document.documentElement.scrollWidth > innerWidth ? ['wider than the screen'] : []
        return [...wide, ...violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)]
      })
      found.push(...here.map((what) => `${where}, ${scheme}, ${width}: ${what}`))
    }
  }
  return found
}
