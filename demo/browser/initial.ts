/** The letter in the circle. Used by the page's script and by the backend. */
export const initial = (name: string): string => /^./u.exec(name)?.[0].toUpperCase() ?? ''
