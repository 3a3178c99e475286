/** A character as messages name it: `"é" (U+00E9)`. */
export function describeCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0
  return `${JSON.stringify(character)} (U+${point.toString(16).toUpperCase().padStart(4, '0')})`
}
