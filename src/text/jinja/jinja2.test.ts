import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { renderTemplate } from '../chat-template.ts'

/**
 * Templates, and what Jinja2 makes of them; null where it refuses. The crosscheck asks it again.
 */
const cases: [template: string, text: string | null][] = JSON.parse(
  readFileSync(new URL('../../../test/jinja2-cases.json', import.meta.url), 'utf8'),
)

const messages = [
  { role: 'system' as const, content: 'Be kind.' },
  { role: 'user' as const, content: ' Hi 中😀 ' },
  { role: 'assistant' as const, content: 'Hello' },
  { role: 'user' as const, content: 'Bye' },
]
const now = new Date(2024, 6, 4, 9, 5, 6)
const render = (template: string) => renderTemplate(template, { messages, now })

/** What Jinja2 can do and is refused here, by its name. */
const REFUSED: Record<string, string> = {
  "{{ '%e' % 1.5 }}": 'the format %e',
  '{{ range(5)[1:3]|list }}': 'a slice of a range',
  '{{ 3037000500 * 3037000500 }}': 'an integer beyond 2^53',
  '{{ 2 ** 3 }}': 'the operator **',
  '{% filter upper %}a{% endfilter %}': '{% filter %} (line 1)',
  '{% set x | upper %}a{% endset %}{{ x }}': 'a filter of {% set %} (line 1)',
  '{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}hi{% endcall %}':
    '{% call %} (line 1)',
  '{% macro f() %}{{ varargs }}{% endmacro %}{{ f() }}': 'varargs in a macro',
  "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(*['b']) }}": '* in a call (line 1)',
  '{% for i in [1] recursive %}{{ i }}{% endfor %}': 'recursive in a loop (line 1)',
  '{% for i in [1] %}{{ loop.changed(i) }}{% endfor %}': 'LoopContext.changed',
  "{{ cycler('a').next() }}": 'cycler()',
  "{{ joiner('|')() }}": 'joiner()',
  "{{ 'a'|attr('b') }}": 'the filter attr',
  "{{ 'a'|center(3) }}": 'the filter center',
  "{{ [{'a': 1}]|groupby('a')|list }}": 'the filter groupby',
  '{{ range(4)|slice(2)|list }}': 'the filter slice',
  "{{ 'a b'|wordcount }}": 'the filter wordcount',
  "{{ 'a'.center(4) }}": 'str.center',
  "{{ 'a=b=c'.partition('=') }}": 'str.partition',
  "{{ 'aB'.swapcase() }}": 'str.swapcase',
  "{{ 'ﬁ'|capitalize }}": 'the title case of ﬁ',
  "{{ 'ab' ~ ('c'|safe) }}": 'the filter safe',
  "{{ '<'|e }}": 'the filter e',
  "{{ 'a b'|urlencode }}": 'the filter urlencode',
  "{{ 'a'.encode() }}": 'str.encode',
  "{{ '{}'.format(1) }}": 'str.format',
}

describe('a template', () => {
  it.each(cases.filter(([template]) => !(template in REFUSED)))(
    'gives what it does in Jinja2: %j',
    (template, text) => {
      if (text === null) expect(() => render(template)).toThrow(UserError)
      else expect(render(template)).toBe(text)
    },
  )

  it.each(Object.entries(REFUSED))('is refused by name: %j', (template, name) => {
    expect(cases.map(([known]) => known)).toContain(template)
    expect(() => render(template)).toThrow(`the chat template uses ${name}, which is not supported`)
  })

  it('refuses what has no text of its own', () => {
    for (const value of [
      '[1] | reverse',
      "[1] | map('string')",
      "'a'.upper",
      'range',
      'namespace()',
    ])
      expect(() => render(`{{ ${value} }}`)).toThrow(
        /uses the text of a \w+, which is not supported/,
      )
  })
})
