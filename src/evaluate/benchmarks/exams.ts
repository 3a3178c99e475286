import { tableRows } from '../../data/sources/table-rows.ts'
import { UserError } from '../../errors.ts'
import { type BenchmarkFile, type ChoiceQuestion, LETTERS } from './benchmark.ts'

/** Letters of the choices of MMLU and CMMLU. */
export const ABCD = LETTERS.slice(0, 4)

/**
 * Exam questions of a table: a question, four choices, and the right one as its letter or index;
 * the first row may be a heading, and the first of seven columns a number. `ask`: what stands
 * between the choices and the answer.
 */
export async function* examQuestions(
  { name, text }: BenchmarkFile,
  subject: string,
  ask: string,
): AsyncGenerator<ChoiceQuestion> {
  let columns = 0
  for await (const { cells, line } of tableRows([text], { name, separator: ',' })) {
    // A heading names the column of the answer, and CMMLU's first column counts the rows.
    columns ||= cells.length
    if (/^answer$/i.test(cells.at(-1) ?? '')) continue
    const [question = '', ...choices] = cells.slice(-6, -1)
    const answer = indexOf(cells.at(-1) ?? '')
    const isNumbered = cells.length === 7 && /^\d+$/.test(cells[0]?.trim() ?? '')
    const isWhole = cells.length === columns && (cells.length === 6 || isNumbered)
    if (!isWhole || answer < 0)
      throw new UserError(
        `${name}:${line}: expected a question, four choices, and the right one as A to D or 0 to ` +
          `3, and found ${cells.length} cells; a cell with commas is in quotes`,
      )
    const lines = choices.map((choice, i) => `${ABCD[i]}. ${choice}`)
    yield {
      id: `${subject}/${line}`,
      prompt: [question.trim(), ...lines, ask].join('\n'),
      choices: ABCD,
      answer,
    }
  }
}

const indexOf = (answer: string): number =>
  /^[0-3]$/.test(answer.trim()) ? Number(answer) : ABCD.indexOf(answer.trim())
