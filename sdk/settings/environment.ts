/** As in Express and similar frameworks: outside production, an error may be reported loudly at once. */
export const isProduction = (): boolean => process.env.NODE_ENV === 'production'
