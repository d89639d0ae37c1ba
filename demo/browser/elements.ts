/** Finds elements, with their type. The page and its script are written together, so a missing element is a bug. */

type Kind<E extends Element> = abstract new () => E

export const byId = <E extends Element>(id: string, kind: Kind<E>): E => one(document, `#${id}`, kind)

export function one<E extends Element>(root: ParentNode, selector: string, kind: Kind<E>): E {
  return of(kind, root.querySelector(selector), selector)
}

/** A copy of a template's only element. */
export function copyOf(id: string): HTMLElement {
  const { content } = byId(id, HTMLTemplateElement)
  return of(HTMLElement, document.importNode(content, true).firstElementChild, `element in #${id}`)
}

function of<E extends Element>(kind: Kind<E>, element: Element | null, name: string): E {
  if (element instanceof kind) return element
  throw new Error(`The page has no ${name}`)
}
