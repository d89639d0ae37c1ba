/**
 * Reads the page's own document as the browser made it. `<form name="cookie">` hides `document.cookie`, and the same holds for every member;
 * but the prototype still has them all.
 */
const prototype = () => Object.getPrototypeOf(document) as Document

export const ofDocument = <Name extends keyof Document>(name: Name): Document[Name] =>
  Reflect.get(prototype(), name, document)

export function writeCookie(text: string): void {
  Reflect.set(prototype(), 'cookie', text, document)
}

type Tags = HTMLElementTagNameMap

export const createElement = <Tag extends keyof Tags>(tag: Tag): Tags[Tag] =>
  ofDocument('createElement').call(document, tag) as Tags[Tag]
