import { expect, test } from 'vitest'
import type { Preference } from '../data/chat/preferences.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { encodePair } from './encode-pair.ts'
import type { Subject } from './task.ts'

const tokenizer = await trainCharTokenizer(['user assistant: 你好。再见\n'])
const PLAIN =
  '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}' +
  '{% if add_generation_prompt %}assistant: {% endif %}'
/** Writes the user's words only where the last answer is short. */
const CONDITIONAL = PLAIN.replace(
  '{{ m.content }}',
  "{% if m.role == 'assistant' or messages[-1].content | length < 3 %}{{ m.content }}{% endif %}",
)
const subject = (chatTemplate: string) => ({ tokenizer, chatTemplate }) as unknown as Subject

const record = (rejected: string, weight?: 0): Preference => ({
  prompt: [
    { role: 'user', content: '你' },
    { role: 'assistant', content: '你' },
    { role: 'user', content: '你好' },
  ],
  chosen: [{ role: 'assistant', content: '好。' }],
  rejected: [
    ...(weight === 0
      ? ([
          { role: 'assistant', content: '再', weight },
          { role: 'user', content: '再' },
        ] as const)
      : []),
    { role: 'assistant', content: rejected },
  ],
  where: 'p.jsonl:7',
})

test('the prompt is not compared, and the answers are', () => {
  const { chosen, rejected } = encodePair(subject(PLAIN), record('再见'))
  const learned = [chosen, rejected].map(({ ids, mask }) =>
    tokenizer.decode(Array.from(ids).filter((_, i) => mask[i])),
  )
  expect(learned).toEqual(['好。', '再见'])
  // An answer that is read alone stands before the one compared.
  expect(() => encodePair(subject(PLAIN), record('再见', 0))).not.toThrow()
})

test('a template whose prompt depends on the answer is refused with the line', () => {
  expect(() => encodePair(subject(CONDITIONAL), record('再见'))).not.toThrow()
  const message = /^p\.jsonl:7: the chat template writes the prompt differently before chosen/
  expect(() => encodePair(subject(CONDITIONAL), record('再见。'))).toThrow(message)
})
