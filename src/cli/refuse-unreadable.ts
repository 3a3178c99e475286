import { UserError } from '../errors.ts'

/**
 * Throws UserError where an argument was not UTF-8: Node reads U+FFFD in its place, without a word.
 */
export function refuseUnreadable(words: readonly string[]): void {
  const wrong = words.find((word) => word.includes('\ufffd'))
  if (wrong !== undefined)
    throw new UserError(
      'the argument ' +
        `'${wrong}' is not UTF-8 text; set the terminal to UTF-8, or give the option in a --config FILE`,
    )
}
