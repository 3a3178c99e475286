/** So small that the slow interpreter computes a model at once; no two sizes are equal. */
export const sizes = { vocabSize: 17, context: 18, layers: 2, dim: 16, heads: 4 }
export const small = { ...sizes, hiddenDim: 20 }
/** Heads that do not add up to the model's width, two for each of the keys. */
export const grouped = { ...small, headDim: 6, kvHeads: 2 }
export const labels = ['a', 'b', 'c']

export const experts = { count: 4, perToken: 2, hiddenDim: 12, normalized: true, balance: 0.5 }
