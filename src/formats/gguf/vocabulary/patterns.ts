/** How models cut text into words that llama.cpp knows by name, as their tokenizer.json says it. */

const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
const BEFORE = String.raw`[^\r\n\p{L}\p{N}]?`
const CONTRACTION = `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
const REST = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** Words that end where small letters are followed by capitals; `end` may follow them. */
const cased = (end: string): string =>
  `${BEFORE}${UPPER}*${LOWER}+${end}|${BEFORE}${UPPER}+${LOWER}*${end}`

/** GPT-4o and Llama 4. */
export const gpt4oSource = `${cased(CONTRACTION)}|${String.raw`\p{N}{1,3}`}|${REST}`

/** Mistral NeMo and those that followed. */
export const tekkenSource = `${cased('')}|${String.raw`\p{N}`}|${REST}`

/** Qwen 3.5: marks belong to the letters that they stand on. */
export const qwen35Source = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
