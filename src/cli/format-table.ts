import { displayWidth } from '../train/report/display-width.ts'

/** Cells in columns two blanks apart; those of the columns `right` are aligned to the right. */
export function formatTable(
  lines: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = (lines[0] ?? []).map((_, i) =>
    Math.max(...lines.map((line) => displayWidth(line[i] ?? ''))),
  )
  const cell = (text: string, i: number) => {
    const blanks = ' '.repeat((widths[i] ?? 0) - displayWidth(text))
    return right.includes(i) ? blanks + text : text + blanks
  }
  return lines.map((line) => line.map(cell).join('  ').trimEnd()).join('\n')
}
