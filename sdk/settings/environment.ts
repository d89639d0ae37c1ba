/** As Express and its like have it: whatever is not production may say at once what is wrong. */
export const isProduction = (): boolean => process.env.NODE_ENV === 'production'
