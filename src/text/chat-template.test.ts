import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { CHATML, renderTemplate } from './chat-template.ts'

const user = (content: string) => ({ role: 'user' as const, content })
const render = (template: string, content = 'hi') =>
  renderTemplate(template, { messages: [user(content)] })

describe('renderTemplate', () => {
  it('renders ChatML', () => {
    const messages = [
      { role: 'system' as const, content: 'Be brief.' },
      user(' Hello\n'),
      { role: 'assistant' as const, content: 'Hi!' },
    ]
    const text =
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n ' +
      'Hello\n<|im_end|>\n<|im_start|>assistant\nHi!<|im_end|>\n'
    expect(renderTemplate(CHATML, { messages })).toBe(text)
    expect(renderTemplate(CHATML, { messages, addGenerationPrompt: true })).toBe(
      `${text}<|im_start|>assistant\n`,
    )
    expect(renderTemplate(CHATML, { messages: [] })).toBe('')
  })

  it('gives a template what chat templates use', () => {
    const template = `{{ bos_token }}{% macro turn(m, mark='#') %}{{ mark }}{{ m.role | upper }}: {{
    m['content'].strip() }}{% endmacro %}
{%- set ns = namespace(count=0) -%}
{% for m in messages if m.role != 'system' %}{% set ns.count = ns.count + 1 %}{{
    turn(m) }}{{ '' if loop.last else ', ' }}{% endfor %}
{%- for i in range(3, 0, -1) %}{{ i }}{% endfor %}{{ ns.count }}{{
    messages | map(attribute='role') | join('+') }}
{%- if tools %}never{% endif %}{{ messages[1:] | length }}{{ {'a': [1, none]} | tojson }}{{
    [] | first }}{{ eos_token }}`
    const messages = [{ role: 'system' as const, content: 's' }, user(' a '), user('b')]
    expect(
      renderTemplate(template, { messages, tokens: { bos_token: '<s>', eos_token: '</s>' } }),
    ).toBe('<s>#USER: a, #USER: b3212system+user+user2{"a": [1, null]}</s>')
  })

  it('treats contents as data', () => {
    const content = '{{ 1 + 1 }}{% for %}{# \\n'
    expect(render('{{ messages[0].content }}', content)).toBe(content)
  })

  it('says what is wrong with a template', () => {
    expect(() => render('{% for m in messages %}')).toThrow(
      'ends too early: {% endfor %} is missing',
    )
    expect(() => render('{{ "a }}')).toThrow('line 1: a text has no end')
    expect(() => render('{% include "x" %}')).toThrow(
      'uses {% include %} (line 1), which is not supported',
    )
    expect(() => render('{{ messages | nonsense }}')).toThrow('there is no filter nonsense')
    expect(() => render('{{ raise_exception("Only one system message") }}')).toThrow(
      new UserError('the chat template refuses this conversation: Only one system message'),
    )
    expect(() => render('{{ range(0.5) }}')).toThrow('range() expects an integer, not float')
    expect(() => render('{{ "<" | urlencode }}')).toThrow('uses the filter urlencode, which')
    expect(() => render('{{ "a".encode() }}')).toThrow('uses str.encode, which is not supported')
    expect(() => render('{{ a.b }}')).toThrow("'a' is undefined")
    expect(() => render('a\n{% for x of y %}{% endfor %}')).toThrow(
      'line 2: unexpected "of"; expected in',
    )
  })

  it('shows nothing of the program', () => {
    for (const name of [
      'process',
      'globalThis',
      'messages.constructor',
      '"".constructor',
      'messages[0].__proto__',
      'range.constructor',
    ]) {
      expect(render(`{{ ${name} is defined }}`)).toBe('False')
    }
  })
})

/** Each would run for hours, or need more memory than there is. */
const HOSTILE: Record<string, string> = {
  'loops in loops': nested('{% for i in range(100000) %}', '{% endfor %}'),
  'loops over a variable':
    '{% set r = range(100000) %}{% for a in r %}{% for b in r %}{% for c in r %}{% endfor %}{% ' +
    'endfor %}{% endfor %}',
  'loops that skip': nested('{% for i in range(100000) if i < 0 or 1 %}', '{% endfor %}'),
  'a huge range': '{{ range(1000000000) }}',
  'a range without progress': '{{ range(9007199254740992, 99007199254740992) }}',
  'macros that call themselves': '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
  'macros that call themselves twice':
    '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) ' +
    '}}',
  'text doubled': again('s', "'a'", 'ns.s ~ ns.s'),
  'text in macros': `{% macro d(s) %}{{ s }}{{ s }}{% endmacro %}${again('s', "'a'", 'd(ns.s)')}`,
  'lists doubled': again('s', '[1]', 'ns.s + ns.s'),
  'lists shared': again('s', '[1]', '[ns.s, ns.s]'),
  'lists shared and compared':
    `${again('s', '[1]', '[ns.s, ns.s]', 18)}{% for i in range(100000) %}{% if ns.s == ns.s %}{% ` +
    'endif %}{% endfor %}',
  'lists shared and printed':
    `${again('s', '[1]', '[ns.s, ns.s]', 18)}{% for i in range(100000) %}{% set t %}{{ ns.s }}{% ` +
    'endset %}{% endfor %}',
  'lists nested': again('s', '[1]', '[ns.s]', 100000),
  'mappings shared': again('s', '1', "{'a': ns.s, 'b': ns.s}"),
  'namespaces shared':
    '{% set a = namespace() %}{% set b = namespace() %}{% set a.x = [b, b] %}{% set b.x = [a, a] ' +
    '%}{{ a }}',
  'a namespace of itself': '{% set a = namespace() %}{% set a.x = a %}{{ a }}',
  'replacing by the text itself': "{% set s = messages[0].content %}{{ s | replace('a', s) }}",
  'replacing by a method': "{% set s = messages[0].content %}{{ s.replace('a', s) }}",
  'a method kept in a variable':
    "{% set s = messages[0].content %}{% set f = s.replace %}{{ f('a', s) }}",
  'a method kept in a list': "{% set s = messages[0].content %}{{ [s.replace][0]('a', s) }}",
  'replacing in a loop':
    "{% for i in range(100000) %}{% set t = messages[0].content | replace('b', 'c') %}{% endfor %}",
  'a wide indent': "{{ 'a\\nb' | indent(999999999) }}",
  'a wide indent, unpacked': "{{ 'a\\nb' | indent(*[999999999]) }}",
  'a wide indent of JSON': '{{ range(100000) | tojson(indent=1000000) }}',
  'joining by a text': '{{ range(100000) | join(messages[0].content) }}',
  'splitting in a loop': again('s', '[]', "ns.s + [messages[0].content.split('a')]", 10000),
  'sorting long texts':
    '{% set s = messages[0].content %}{% for i in range(100000) %}{% set t = [s, s, s, s] | sort ' +
    '%}{% endfor %}',
  'searching long texts':
    "{% for i in range(100000) %}{% if 'b' in messages[0].content %}{% endif %}{% endfor %}",
  'long output': '{% for i in range(100000) %}{{ messages[0].content }}{% endfor %}',
  'names without value, deep in scopes':
    `${'{% for a in [1] %}'.repeat(150)}{% for i in range(100000) %}{{ x }}{% endfor ` +
    `%}${'{% endfor %}'.repeat(150)}`,
  'brackets in brackets': `{{ ${'('.repeat(20000)}1${')'.repeat(20000)} }}`,
  'blocks in blocks': '{% if 1 %}'.repeat(3000) + '{% endif %}'.repeat(3000),
  'slices in a loop':
    '{% set r = range(100000) | list %}{% for i in r %}{% set t = r[1:] %}{% endfor %}',
  'characters of a long text':
    '{% for i in range(100000) %}{{ messages[0].content[5] }}{% endfor %}',
  'copies of a mapping':
    '{% set d = dict(range(100000) | batch(2)) %}{% for i in range(100000) %}{% set t = dict(d) ' +
    '%}{% endfor %}',
  'mappings as arguments':
    '{% macro f() %}{{ kwargs.x }}{% endmacro %}{% set d = dict([["a", 1]]) %}{% for i in ' +
    'range(100000) %}{{ f(**d) }}{% endfor %}',
  'a text repeated': "{{ 'a' * 99999999 }}",
  'a list repeated': '{{ [1] * 99999999 }}',
  'a wide number': "{{ '%99999999d' % 1 }}",
  'a wide center': "{{ 'a'.center(99999999) }}",
  'many slices': '{{ [1] | slice(99999999) | list }}',
  'a wide batch': "{{ [1] | batch(99999999, 'x') | list }}",
  'a huge power': '{{ 10 ** 300 }}',
  'cutting blanks in a loop':
    "{% set s = ' ' * 100000 %}{% for i in range(100000) %}{{ s | trim }}{% endfor %}",
  'a recursive loop without end': '{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}',
  'a long template': 'a'.repeat(70000),
  'a search for a long text from the end': `{{ ('a' * 2000000).rfind('a' * 1000000 + 'b') }}`,
  'many long prefixes': `{{ ('a' * 1000000).startswith(('a' * 1000000 ~ 'b',) * 500000) }}`,
  'many sets of many characters':
    "{{ (['b'] * 100000) | map('trim', 'a' * 4000000) | list | length }}",
}

describe('renderTemplate, with hostile templates', () => {
  it.each(Object.entries(HOSTILE))('stops %s', (_, template) => {
    expect(() => render(template, 'a'.repeat(100_000))).toThrow(UserError)
  })

  it('refuses a conversation that is too long', () => {
    expect(() => render(CHATML, 'a'.repeat(2 ** 22))).toThrow('has 4194308 characters')
  })

  it('leaves room for long conversations', () => {
    const template =
      '{% for m in messages %}{% if loop.index0 > 0 and messages[loop.index0 - 1].role == m.role ' +
      "%}{{ raise_exception('roles') }}{% endif %}{% if m.role == 'user' %}{{ '<|user|>\n' + " +
      "m.content + '</s>\n' }}{% elif m.role == 'assistant' %}{{ '<|assistant|>\n' + " +
      "m.content.split('</think>')[-1] | trim + '</s>\n' }}{% endif %}{% if loop.last and " +
      'messages | length > 1 %}.{% endif %}{% endfor %}'
    const messages = Array.from({ length: 2000 }, (_, i) => ({
      role: i % 2 ? ('assistant' as const) : ('user' as const),
      content: `${i} `.repeat(200),
    }))
    const text = renderTemplate(template, { messages })
    expect(text.length).toBeGreaterThan(1.7e6)
    expect(text.endsWith('1999 1999</s>\n.')).toBe(true)
  })
})

function nested(open: string, close: string): string {
  return open.repeat(3) + close.repeat(3)
}

/** Sets a variable from itself again and again, and prints it. */
function again(name: string, first: string, next: string, times = 60): string {
  return (
    `{% set ns = namespace(${name}=${first}) %}{% for i in range(${times}) %}{% set ns.${name} ` +
    `= ${next} %}{% endfor %}${times === 18 ? '' : `{{ ns.${name} }}`}`
  )
}
