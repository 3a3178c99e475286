/**
 * The first key that occurs twice in one object of `text`, which must be valid JSON. JSON.parse
 * silently keeps the last of them, so two readers of one file could disagree.
 */
export const duplicateKey = (text: string): string | undefined => {
  const objects: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{') objects.push(new Set())
    else if (char === '}') objects.pop()
    else if (char === '"') {
      const start = at
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++
      let next = at + 1
      while (/\s/.test(text.charAt(next))) next++
      if (text[next] !== ':') continue
      const key = JSON.parse(text.slice(start, at + 1)) as string
      const keys = objects.at(-1)
      if (keys?.has(key)) return key
      keys?.add(key)
    }
  }
  return undefined
}
