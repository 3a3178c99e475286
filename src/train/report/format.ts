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

const ESCAPE = String.fromCharCode(27)
const colors = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g')
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const invisible = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u
/** East Asian Wide and Fullwidth (Unicode Standard Annex 11), and pictures. */
const wide = new RegExp(
  String.raw`^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff` +
    String.raw`\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}` +
    String.raw`\p{Emoji_Presentation}]|\ufe0f`,
  'u',
)

/** Columns that `text` takes on a terminal: Chinese characters and emoji two, color codes none. */
export const displayWidth = (text: string): number => {
  let width = 0
  for (const { segment } of graphemes.segment(text.replace(colors, ''))) {
    if (!invisible.test(segment)) width += wide.test(segment) ? 2 : 1
  }
  return width
}
