/** What a terminal shows: the control sequences that Chatwright and Node's readline use. */
export class Screen {
  #columns
  #cells
  #row = 0
  #column = 0
  #style = ''
  /** The beginning of a control sequence, whose end is yet to come. */
  #begun = ''

  constructor({ columns, rows }) {
    this.#columns = columns
    this.#cells = Array.from({ length: rows }, () => [])
  }

  write(text) {
    const whole = this.#begun + text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
    this.#begun = /\x1b(\[[\d;?]*)?$/.exec(whole)?.[0] ?? ''
    const complete = whole.slice(0, whole.length - this.#begun.length)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
    for (const [piece, sequence] of complete.matchAll(/\x1b\[([\d;?]*[A-Za-z])|./gsu)) {
      if (sequence) this.#control(sequence)
      else if (piece === '\n') this.#lineFeed()
      else if (piece === '\r') this.#column = 0
      else if (piece === '\b') this.#column = Math.max(0, this.#column - 1)
      else if (piece >= ' ') this.#put(piece)
    }
  }

  /** Rows of runs of equal style: [{ text, style }]. */
  rows() {
    return this.#cells.map((cells) => {
      const runs = []
      for (let column = 0; column < cells.length; column++) {
        const { character, style } = cells[column] ?? { character: ' ', style: '' }
        if (runs.at(-1)?.style === style) runs.at(-1).text += character
        else runs.push({ text: character, style })
      }
      return runs
    })
  }

  /** The last row with text. */
  get lastLine() {
    const texts = this.rows().map((runs) =>
      runs
        .map(({ text }) => text)
        .join('')
        .trim(),
    )
    return texts.findLast((text) => text !== '')
  }

  #put(character) {
    if (this.#column >= this.#columns) {
      this.#column = 0
      this.#lineFeed()
    }
    this.#cells[this.#row][this.#column++] = { character, style: this.#style }
  }

  #lineFeed() {
    if (this.#row < this.#cells.length - 1) this.#row++
    else this.#cells = [...this.#cells.slice(1), []]
  }

  #control(sequence) {
    const [first = 0] = sequence.split(';').map((part) => Number.parseInt(part, 10) || 0)
    const kind = sequence.at(-1)
    if (kind === 'A') this.#row = Math.max(0, this.#row - Math.max(1, first))
    else if (kind === 'G') this.#column = Math.max(0, first - 1)
    else if (kind === 'K' && first === 2) this.#cells[this.#row] = []
    else if (kind === 'K')
      this.#cells[this.#row].length = Math.min(this.#column, this.#cells[this.#row].length)
    else if (kind === 'J') {
      this.#control('K')
      for (let row = this.#row + 1; row < this.#cells.length; row++) this.#cells[row] = []
    } else if (kind === 'm') this.#paint(sequence.slice(0, -1))
  }

  #paint(codes) {
    const names = {
      1: 'bold',
      2: 'dim',
      31: 'red',
      32: 'green',
      33: 'yellow',
      34: 'blue',
      35: 'magenta',
      36: 'cyan',
    }
    for (const code of codes.split(';').map(Number)) {
      if (names[code]) this.#style = names[code]
      else this.#style = ''
    }
  }
}
