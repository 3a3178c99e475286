/** Small templates with every operator, filter, test and method on every kind of value. */

const words = (text: string): string[] => text.trim().split(/\s+/)

const VALUES = [
  ...words(`true false none nope 0 1 -3 7 2.5 -0.0 1e20 0.1 '' 'a' '12' '中文😀' 'a,b,,c' [] [1]
    [1,2,2] ['b','A','a'] [none,true] [[1],[2]] () (1,) (1,'a') {} {'a':1} {'b':2,'a':none} {1:2}
    range(3) [{'a':1,'b':'x'},{'a':3,'b':'y'},{'a':1}] {'a':1}.items() {'a':1}.keys()
    {'a':1}.values() [1,2]|select('odd')`),
  "'Ab c'",
  "' 3.5 '",
  "'x\\ny\\n'",
]
const OPERATORS = [...words('+ - * / // % ~ == != < <= > >= in and or'), 'not in']
const FILTERS = words(`abs batch(2)|list batch(2,0)|list capitalize default('d') count
  default('d',true) dictsort dictsort(by='value') first last float float(1.5) format(1) d(1)
  indent indent(2,true,true) int int(5) items|list join join(',') upper
  join('-',attribute='a') length list lower map('upper')|list map(attribute='a')|list
  map(attribute='a',default=0)|list map('int')|list max min max(attribute='a') reject|list
  reject('odd')|list replace('a','b') replace(1,2) reverse|list round round(1) round(0,'floor')
  select|list select('string')|list selectattr('a')|list selectattr('a','equalto',1)|list
  rejectattr('b','defined')|list sort sort(reverse=true) sort(attribute='a')
  sort(case_sensitive=true) string sum sum(attribute='a') title tojson tojson(indent=2) trim
  tojson(true) unique|list unique(attribute='a')|list string|length list|length`)
const TESTS = [
  ...words(`boolean callable divisibleby(2) even odd defined false true float in('abc') integer
    iterable lower upper mapping none number sequence string undefined sameas(none)`),
  ...words('eq ge gt le lt ne').map((name) => `${name} 1`),
]
const METHODS = words(`.strip() .strip('a') .split() .split(',') .split(',',1) .split(none,1)
  .rsplit(',',1) .rsplit(none,1) .splitlines() .replace('a','b') .startswith('a')
  .endswith(('a','c')) .find('b') .upper() .lower() .title() .capitalize() .isalpha()
  .isdigit() .isalnum() .isspace() .islower()
  .isupper() .join(['x','y']) .count('a') .index('a')
  .removeprefix('a') .get('a') .get('z',5) .items() .keys() .values() .count(1) .index(1) .a .0
  .b.c [0] [-1] ['a'] [1:] [:-1] [::-1] [::2] [5:1:-1] [none:2] ()`)
const FORMATS = words('%s %d %5.1f %r %x %5s| %-6d| %+d')

export const GRID: readonly string[] = VALUES.flatMap((value) => {
  const one = `(${value})`
  return [
    ...VALUES.flatMap((other) => OPERATORS.map((sign) => `{{ ${one} ${sign} (${other}) }}`)),
    ...FILTERS.map((filter) => `{{ ${one} | ${filter} }}`),
    ...TESTS.map((test) => `{{ ${one} is ${test} }}`),
    ...METHODS.map((method) => `{{ ${one}${method} }}`),
    ...FORMATS.flatMap((format) => [
      `{{ '${format}' % ${one} }}`,
      `{{ '${format}' % (${value},) }}`,
    ]),
    `{{ not ${one} }}{{ 'y' if ${one} }}{% if ${one} %}t{% endif %}`,
    `{{ -${one} }}`,
    `{% for x in ${value} %}{{ x }};{{ loop.last }}{% else %}E{% endfor %}`,
    `{% for x, y in ${value} %}{{ x }}{{ y }};{% endfor %}`,
    `{% set x, y = ${value} %}{{ x }}{{ y }}`,
    `{{ [${one}, {'k': ${one}}] }}`,
    `{{ {${one}: 1} }}`,
    `{{ dict(a=${value}) | tojson }}`,
  ]
})
