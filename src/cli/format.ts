import { displayWidth } from '../train/report/format.ts'

/** Cells in columns, two blanks apart; the columns `right` are right-aligned. */
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

/** Bytes with three significant digits: 950 B, 1.20 KiB, 487 MiB. */
export function formatBytes(bytes: number): string {
  let [size, unit] = [bytes, 0]
  while (size >= 999.5 && unit < 4) [size, unit] = [size / 1024, unit + 1]
  return `${unit === 0 ? size : size.toPrecision(3)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`
}
