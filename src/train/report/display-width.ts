const ESCAPE = String.fromCharCode(27)
const colors = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g')
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const invisible = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u
/** East Asian Wide and Fullwidth (Unicode Standard Annex 11), and pictures. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]|\ufe0f/u

/** Columns that `text` takes on a terminal: Chinese characters and emoji two, color codes none. */
export const displayWidth = (text: string): number => {
  let width = 0
  for (const { segment } of graphemes.segment(text.replace(colors, ''))) {
    if (!invisible.test(segment)) width += wide.test(segment) ? 2 : 1
  }
  return width
}
