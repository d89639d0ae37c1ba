/** The letter in the circle. The page's script and the backend both use it. */
export const initial = (name: string): string => /^./u.exec(name)?.[0].toUpperCase() ?? ''
