/** A token that text makes, and how early it is made: the higher its score, the earlier. */
export interface ScoredToken {
  readonly text: string
  readonly score: number
}

/**
 * The merges of a byte-pair encoding that is given by scores, as SentencePiece has it: any two
 * neighbors merge that together are a token, those of the highest score first. Here that is every
 * way to cut a token in two others, ordered by the score of what they make.
 */
export function mergesOf(tokens: readonly ScoredToken[]): [string, string][] {
  const known = new Set(tokens.map(({ text }) => text))
  return [...tokens]
    .sort((a, b) => b.score - a.score)
    .flatMap(({ text }) => {
      const cuts: [string, string][] = []
      let at = 0
      for (const character of text) {
        if (at > 0 && known.has(text.slice(0, at)) && known.has(text.slice(at))) {
          cuts.push([text.slice(0, at), text.slice(at)])
        }
        at += character.length
      }
      return cuts
    })
}
