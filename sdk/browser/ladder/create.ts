/** New elements of the page. */

type Tags = HTMLElementTagNameMap

/** @param style as in a `style` attribute; set by script, so that no style policy of the page is in the way */
export const create = <Tag extends keyof Tags>(
  tag: Tag,
  properties: Partial<Omit<Tags[Tag], 'style'>>,
  style = '',
  page = document,
): Tags[Tag] => Object.assign(page.createElement(tag), properties, { style })
