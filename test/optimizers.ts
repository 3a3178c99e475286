/** One element's state between steps. */
export interface Memory {
  m: number
  v: number
}

/** Learning rate and weight decay. */
export interface Settings {
  rate: number
  decay: number
}

/** The new value of one element after update t = 1, 2, ... */
export type Reference = (p: number, gradient: number, memory: Memory, t: number) => number

/** The elementwise optimizers as their papers write them, one element at a time in float64. */
export const references = {
  sgd:
    ({ rate, decay }) =>
    (p, g) =>
      p * (1 - rate * decay) - rate * g,
  momentum:
    ({ rate, decay }, beta1 = 0.9) =>
    (p, g, s) => {
      s.m = beta1 * s.m + g
      return p * (1 - rate * decay) - rate * s.m
    },
  nesterov:
    ({ rate, decay }, beta1 = 0.9) =>
    (p, g, s) => {
      s.m = beta1 * s.m + g
      return p * (1 - rate * decay) - rate * (g + beta1 * s.m)
    },
  adamw:
    ({ rate, decay }, beta1 = 0.9, beta2 = 0.99) =>
    (p, g, s, t) =>
      p - rate * decay * p - rate * adamStep(g, s, t, beta1, beta2),
  adam:
    ({ rate, decay }, beta1 = 0.9, beta2 = 0.99) =>
    (p, g, s, t) =>
      p - rate * adamStep(g + decay * p, s, t, beta1, beta2),
  lion:
    ({ rate, decay }, beta1 = 0.9, beta2 = 0.99) =>
    (p, g, s) => {
      const sign = Math.sign(beta1 * s.m + (1 - beta1) * g)
      s.m = beta2 * s.m + (1 - beta2) * g
      return p - rate * (sign + decay * p)
    },
} satisfies Record<string, (settings: Settings, beta1?: number, beta2?: number) => Reference>

export type ReferenceName = keyof typeof references

function adamStep(g: number, s: Memory, t: number, beta1: number, beta2: number): number {
  s.m = beta1 * s.m + (1 - beta1) * g
  s.v = beta2 * s.v + (1 - beta2) * g * g
  return s.m / (1 - beta1 ** t) / (Math.sqrt(s.v / (1 - beta2 ** t)) + 1e-8)
}
