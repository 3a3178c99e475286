/** The logarithm of the gamma function of x > 0 (Lanczos 1964, g = 7), to 15 digits. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const [first = 0, ...others] = LANCZOS
  const sum = others.reduce((total, c, i) => total + c / (x + i), first)
  const t = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum)
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
]

/** The share of a beta distribution below x: the regularized incomplete beta function I_x(a, b). */
export function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The continued fraction converges quickly below the mean.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaBelow(1 - x, b, a)
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b)
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) / a
  return front / continuedFraction(x, a, b)
}

/** Lentz's algorithm for the continued fraction of the incomplete beta function (DLMF 8.17.22). */
function continuedFraction(x: number, a: number, b: number): number {
  const apart = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value)
  let [result, c, d] = [1, 1, 0]
  for (let i = 1; i <= 10_000; i++) {
    const m = Math.floor(i / 2)
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const term = i % 2 === 1 ? odd : even
    d = 1 / apart(1 + term * d)
    c = apart(1 + term / c)
    result *= c * d
    if (Math.abs(c * d - 1) < 1e-15) break
  }
  return result
}

/** The share of Student's t distribution below t. */
export function studentBelow(t: number, freedom: number): number {
  const tail = betaBelow(freedom / (freedom + t * t), freedom / 2, 0.5) / 2
  return t > 0 ? 1 - tail : tail
}

/** The t below which `share` of Student's distribution lies, 0.5 to 1. */
export function studentQuantile(share: number, freedom: number): number {
  let [low, high] = [0, 2]
  while (studentBelow(high, freedom) < share) high *= 2
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (studentBelow(middle, freedom) < share) low = middle
    else high = middle
  }
  return high
}

/** The share of the standard normal distribution below z. */
export function normalBelow(z: number): number {
  // The incomplete gamma function at 1/2 is the error function; both tails lose no digits.
  const x = Math.abs(z)
  if (x > 38) return z > 0 ? 1 : 0
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  let tail: number
  if (x < 3) {
    // Marsaglia (2004): a series of positive terms.
    let [term, sum] = [x, x]
    for (let i = 3; term > 1e-17 * sum; i += 2) {
      term *= (x * x) / i
      sum += term
    }
    tail = 0.5 - density * sum
  } else {
    let fraction = 0
    for (let i = 200; i > 0; i--) fraction = i / (x + fraction)
    tail = density / (x + fraction)
  }
  return z > 0 ? 1 - tail : tail
}

/** The z below which `share` of the standard normal distribution lies, 0 to 1. */
export function normalQuantile(share: number): number {
  if (share <= 0) return Number.NEGATIVE_INFINITY
  if (share >= 1) return Number.POSITIVE_INFINITY
  let [low, high] = [-39, 39]
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (normalBelow(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** The share of a chi-squared distribution with one degree of freedom above x. */
export const chiSquaredAbove = (x: number): number => 2 * normalBelow(-Math.sqrt(x))

/** Probability of at most k successes among n trials, each with probability p. */
export const binomialAtMost = (k: number, n: number, p: number): number =>
  k >= n ? 1 : betaBelow(1 - p, n - k, k + 1)
