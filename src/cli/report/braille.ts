/** The bits of a braille character (from U+2800) for its four rows of two dots. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

/** A canvas of characters, each of which has dots of its own: two across, four down. */
export class BrailleCanvas {
  readonly columns: number
  readonly rows: number
  readonly #cells: Uint8Array

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#cells = new Uint8Array(columns * rows)
  }

  /** A straight line from dot to dot; (0, 0) is at the top left. Dots outside are left out. */
  line([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): void {
    const length = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))
    for (let i = 0; i <= length; i++) {
      const share = length === 0 ? 0 : i / length
      this.#dot(Math.round(x0 + (x1 - x0) * share), Math.round(y0 + (y1 - y0) * share))
    }
  }

  /** The character in a place; undefined where it has no dots. */
  at(column: number, row: number): string | undefined {
    const dots = this.#cells[row * this.columns + column]
    return dots ? String.fromCharCode(0x2800 + dots) : undefined
  }

  #dot(x: number, y: number): void {
    if (x < 0 || y < 0 || x >= this.columns * 2 || y >= this.rows * 4) return
    const cell = (y >> 2) * this.columns + (x >> 1)
    this.#cells[cell] = (this.#cells[cell] ?? 0) | (DOTS[y & 3]?.[x & 1] ?? 0)
  }
}
