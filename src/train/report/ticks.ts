/**
 * Round numbers within [low, high], at most `count` (2 or more), 1, 2 or 5 times a power of ten
 * apart: what a reader expects on an axis.
 */
export const roundTicks = (low: number, high: number, count: number): number[] => {
  if (!(high > low && Number.isFinite(high - low))) return []
  const spacing = roundSpacing(low, high, count)
  const ticks: number[] = []
  for (let i = Math.ceil(low / spacing - 1e-9); i * spacing <= high + spacing * 1e-9; i++) {
    // Through decimal digits, so that three times 0.1 is 0.3.
    ticks.push(Number((i * spacing).toPrecision(12)))
  }
  return ticks
}

const roundSpacing = (low: number, high: number, count: number): number => {
  const fits = (spacing: number) =>
    Math.floor(high / spacing + 1e-9) - Math.ceil(low / spacing - 1e-9) + 1 <= count
  for (let power = Math.floor(Math.log10((high - low) / count)); ; power++) {
    for (const digit of [1, 2, 5]) {
      const spacing = Number(`${digit}e${power}`)
      if (fits(spacing)) return spacing
    }
  }
}

/** Ticks as text, all with as many decimals as the closest two need; 20k for 20,000. */
export const formatTicks = (ticks: readonly number[]): string[] => {
  const spacing = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0)) || 1
  const largest = Math.max(...ticks.map(Math.abs))
  const power = (value: number) => Math.floor(Math.log10(value) + 1e-9)
  if (largest >= 1e9 || spacing < 1e-6) {
    return ticks.map((tick) => tick.toExponential(Math.max(0, power(largest) - power(spacing))))
  }
  const [unit, suffix] = largest >= 1e6 ? [1e6, 'M'] : largest >= 1e4 ? [1e3, 'k'] : [1, '']
  const decimals = Math.max(0, -power(spacing / unit))
  return ticks.map((tick) => (tick === 0 ? '0' : `${(tick / unit).toFixed(decimals)}${suffix}`))
}
