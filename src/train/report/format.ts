/** A loss: 1.884, 10.82, 1.00e+7. */
export const formatLoss = (loss: number): string =>
  Math.abs(loss) < 10
    ? loss.toFixed(3)
    : Math.abs(loss) < 1e6
      ? loss.toFixed(2)
      : loss.toExponential(2)

/** 1 step, 2 steps. */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`

/** A count or a rate with three significant digits: 950, 61.3k, 1.25M. */
export const formatCount = (count: number): string => {
  for (const [unit, suffix] of [
    [1, ''],
    [1e3, 'k'],
    [1e6, 'M'],
    [1e9, 'G'],
  ] as const) {
    const digits = (count / unit).toPrecision(3)
    if (Number(digits) < 1000) return `${unit === 1 ? Math.round(count) : digits}${suffix}`
  }
  return count.toExponential(2)
}

/** Seconds as 0:07, 12:34 or 1:02:03. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`
}
