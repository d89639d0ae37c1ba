/** Creates elements for the page. */

type Tags = HTMLElementTagNameMap

/** @param style as in a `style` attribute; set by script, so that no style policy of the page prevents it */
export const create = <Tag extends keyof Tags>(
  tag: Tag,
  properties: Partial<Omit<Tags[Tag], 'style'>>,
  style = '',
  page = document,
): Tags[Tag] =>
  Object.assign(memberOf(page, 'createElement').call(page, tag) as Tags[Tag], properties, { style })

/** As `ofDocument`, but for any document. */
export const memberOf = <Name extends keyof Document>(page: Document, name: Name): Document[Name] =>
  Reflect.get(Object.getPrototypeOf(page) as Document, name, page)
