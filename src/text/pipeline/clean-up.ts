import type { StreamDecoder } from '../tokenizer.ts'

/**
 * Takes back the blanks that cutting text at punctuation puts in, as transformers does for English.
 */
export function cleanUp(text: string): string {
  return text
    .replace(/ ([.?!,])/g, '$1')
    .replaceAll(" ' ", "'")
    .replace(/ (n't|'m|'s|'ve|'re)/g, '$1')
}

/**
 * A stream whose text is cleaned up: one word late, since what is taken back begins with a blank.
 */
export function cleanedUp(decoder: StreamDecoder): StreamDecoder {
  let held = ''
  return {
    push: (id) => {
      held += decoder.push(id)
      let end = held.lastIndexOf(' ')
      // Behind these a blank may go together with what is before it.
      while (end > 0 && / [n']?$/.test(held.slice(0, end))) end = held.lastIndexOf(' ', end - 1)
      const text = held.slice(0, Math.max(0, end))
      held = held.slice(text.length)
      return cleanUp(text)
    },
    ...(decoder.peek && { peek: decoder.peek }),
    end: () => cleanUp(held + decoder.end()),
  }
}
