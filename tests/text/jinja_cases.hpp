// SPDX-License-Identifier: Apache-2.0
#pragma once
// Short templates, one or more for each feature, and what jinja2 3.1.6 makes of them with the
// settings of transformers 5.24 from the values of jinja_values.

#include <vector>

namespace radlads::test {

struct jinja_case {
  const char* source;
  const char* expected;
};

inline constexpr const char* jinja_values = R"json(
{"x": 3, "y": 2.5, "s": "Héllo wörld", "l": [1, 2, 3], "d": {"b": 1, "a": [1, {"k": null}], "items": 5}, "e": "", "n": null, "t": true, "ls": ["b", "A", "c"], "recs": [{"n": "x", "v": 2}, {"n": "y", "v": 1}, {"n": "z"}], "ml": "a\n  b\n\nc\n", "msgs": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
)json";

inline const std::vector<jinja_case>
    jinja_cases{
        {"a\n{% if t %}\n  b\n{% endif %}\n  {% if t %}x{% endif %} c\n{# comment #}\nd",
         "a\n  b\nx c\nd"},
        {R"(  {%- if t -%}   x   {%- endif -%}   y)", R"(xy)"},
        {R"({{ x }} {{- y }} {{ s -}}   z)", R"(32.5 Héllo wörldz)"},
        {"{%+ if t %} p {%+ endif +%}\nq", " p \nq"},
        {R"({{ [1, 2.0, 'a"b', "it's", none, true, {'k': 'v'}] }})",
         R"([1, 2.0, 'a"b', "it's", None, True, {'k': 'v'}])"},
        {R"({{ d }} {{ d | tojson }} {{ d | tojson(indent=2) }} {{ l|tojson(indent=4) }} {{ {} | tojson(indent=2) }} {{ [] | tojson(indent=2)}})",
         "{'b': 1, 'a': [1, {'k': None}], 'items': 5} {\"b\": 1, \"a\": [1, {\"k\": null}], "
         "\"items\": 5} {\n  \"b\": 1,\n  \"a\": [\n    1,\n    {\n      \"k\": null\n    }\n  "
         "],\n  \"items\": 5\n} [\n    1,\n    2,\n    3\n] {} []"},
        {R"({{ "a\tb\\n\u00e9\x41" }} {{ 'ü' | tojson }} {{ "\x01\x7f</script>" | tojson }} {{ 'ü🙂' | tojson(ensure_ascii=true) }})",
         "a\tb\\n\303\251A \"\303\274\" \"\\u0001\177</script>\" \"\\u00fc\\ud83d\\ude42\""},
        {R"({{ x + 1 }} {{ x - 5 }} {{ x * 2 }} {{ x / 2 }} {{ x // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ y * 2 }} {{ 7.5 // 2 }} {{ 1e20 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 1/3 }} {{ 100000.0 * 10000000000000 }})",
         R"(4 -2 6 1.5 1 -4 2 -2 1024 0.5 5.0 3.0 1e+20 1e-05 0.30000000000000004 0.3333333333333333 1e+18)"},
        {R"({{ x > 2 and y < 3 or false }} {{ not x == 3 }} {{ 1 < x <= 3 }} {{ 1 < x < 3 }} {{ x in l }} {{ 9 not in l }} {{ 'ell' in 'hello' }} {{ 'b' in d }} {{ none == n }} {{ true == 1 }})",
         R"(True False True False True True True True True True)"},
        {R"({{ 'yes' if t else 'no' }} {{ 'yes' if e }} {{ 'a' if e else 'b' if n else 'c' }})",
         R"(yes  c)"},
        {R"({% for i in l %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.first }}/{{ loop.last }}/{{ loop.length }}/{{ loop.previtem }}/{{ loop.nextitem }};{% endfor %})",
         R"(1/0/3/True/False/3//2;2/1/2/False/False/3/1/3;3/2/1/False/True/3/2/;)"},
        {R"({% for i in [] %}x{% else %}none{% endfor %} {% for i in l if i != 2 %}{{ i }}{{ loop.last }}{% endfor %} {% for i in l %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %} {% for i in l %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %})",
         R"(none 1False3True 13 1)"},
        {R"({% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'añb' %}[{{ c }}]{% endfor %}{% for k, v in d | dictsort %}{{ k }}{% endfor %}{% for k,v in d|items %}{{k}}{% endfor %})",
         R"(b=1,a=[1, {'k': None}],items=5,baitems[a][ñ][b]abitemsbaitems)"},
        {R"({% set a = 1 %}{% for i in l %}{% set a = i %}{% endfor %}{{ a }}{% if t %}{% set a = 5 %}{% endif %}{{ a }}{% set ns = namespace(k=0, z='q') %}{% for i in l %}{% set ns.k = ns.k + i %}{% endfor %}{{ ns.k }}{{ ns.z }})",
         R"(156q)"},
        {R"({% set b %}  text {{ x }} {% endset %}[{{ b }}][{{ b | trim }}]{% set c | upper | trim %} abc {% endset %}[{{ c }}])",
         R"([  text 3 ][text 3][ABC])"},
        {R"({% filter upper %}abc {{ x }}{% endfilter %})", R"(ABC 3)"},
        {R"({% macro f(a, b=2, c='z') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, c='q') }} {{ f(1, 3, 4) }} {{ f('x') | upper }} {{ f() }})",
         R"(1-2-z 1-2-q 1-3-4 X-2-Z -2-z)"},
        {R"({% macro rec(k) %}{% if k > 0 %}{{ k }}{{ rec(k - 1) }}{% endif %}{% endmacro %}{{ rec(5) }})",
         R"(54321)"},
        {R"({{ s[0] }}{{ s[-1] }}{{ s[1:4] }}{{ s[:-2] }}{{ s[::-1] }}{{ l[1:] }}{{ l[::2] }}{{ l[5:] }}{{ l[-1] }}{{ s[1] }}{{ l[99] }}{{ d['a'][1]['k'] }}{{ d.b }})",
         R"(HdéllHéllo wördlröw olléH[2, 3][1, 3][]3éNone1)"},
        {R"({{ s | length }} {{ l | length }} {{ d | count }} {{ e | length }} {{ undefinedthing | length }})",
         R"(11 3 3 0 0)"},
        {R"({{ 'abc d'.upper() }} {{ 'ABC'.lower() }} {{ 'abc dEF'.title() }} {{ 'abc DEF'.capitalize() }} {{ ' x '.strip() }}| {{ ' x '.lstrip() }}| {{ ' x '.rstrip() }}| {{ 'xxaxx'.strip('x') }} {{ 'a,b,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1)[0] }} {{ 'a\nb'.splitlines() }} {{ s.startswith('H') }} {{ s.endswith(('x', 'd')) }} {{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }} {{ ', '.join(['a', 'b']) }} {{ 'abcb'.find('b') }} {{ 'abcb'.count('b') }} {{ '12'.isdigit() }} {{ 'pre-x'.removeprefix('pre-') }})",
         R"(ABC D abc Abc Def Abc def x| x |  x| a ['a', 'b', 'c'] ['a', 'b'] ['a', 'b,c'] a,b ['a', 'b'] True True a-b- a-bX a, b 1 2 True x)"},
        {R"({{ d.get('b') }} {{ d.get('zz') }} {{ d.get('zz', 7) }} {{ d.keys() | list }} {{ d.values() | list }} {{ d['items'] }})",
         R"(1 None 7 ['b', 'a', 'items'] [1, [1, {'k': None}], 5] 5)"},
        {R"({{ undef is defined }} {{ x is defined }} {{ n is none }} {{ n is not none }} {{ s is string }} {{ d is mapping }} {{ l is iterable }} {{ s is iterable }} {{ x is number }} {{ x is integer }} {{ y is float }} {{ t is boolean }} {{ t is true }} {{ l is sequence }} {{ 4 is divisibleby 2 }} {{ x is odd }} {{ x is even }} {{ x is eq 3 }} {{ 1 is in l }} {{ x is sameas 3 }} {{ undef is undefined }})",
         R"(False True True False True True True True True True True True True True True True False True True True True)"},
        {R"({{ undef | default('q') }} {{ e | default('q', true) }} {{ e | d('q') }}| {{ n | default('q') }})",
         R"(q q | None)"},
        {R"({{ ls | sort }} {{ ls | sort(reverse=true) }} {{ l | reverse | list }} {{ l | first }} {{ l | last }} {{ l | sum }} {{ l | max }} {{ l | min }} {{ ls | join(', ') }} {{ l | join }} {{ recs | map(attribute='n') | join('|') }} {{ ls | map('upper') | list }} {{ recs | selectattr('v', 'defined') | map(attribute='v') | list }} {{ recs | selectattr('v', 'equalto', 1) | list }} {{ recs | rejectattr('v', 'defined') | list }} {{ l | select('odd') | list }} {{ l | reject('odd') | list }} {{ [1,1,2] | unique | list }} {{ recs | sort(attribute='n', reverse=true) | map(attribute='n') | join }})",
         R"(['A', 'b', 'c'] ['c', 'b', 'A'] [3, 2, 1] 1 3 6 3 1 b, A, c 123 x|y|z ['B', 'A', 'C'] [2, 1] [{'n': 'y', 'v': 1}] [{'n': 'z'}] [1, 3] [2] [1, 2] zyx)"},
        {R"({{ '3' | int + 1 }} {{ 'x' | int(5) }} {{ '2.5' | float }} {{ 3.7 | int }} {{ -3 | abs }} {{ 2.567 | round(1) }} {{ 2.5 | round }} {{ x | string + 'a' }} {{ '<a>' | e }} {{ '<a>' | safe }} {{ 'abc' | capitalize }} {{ 'a b' | title }} {{ 'abc' | replace('b', 'x') }})",
         R"(4 5 2.5 3 3 2.6 2.0 3a &lt;a&gt; <a> Abc A B axc)"},
        {R"({{ ml | indent(4) }}|{{ ml | indent(2, true) }}|{{ ml | trim | indent }})",
         "a\n      b\n\n    c\n|  a\n    b\n\n  c\n|a\n      b\n\n    c"},
        {R"({{ range(3) | list }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ dict(a=1, b=2) }})",
         R"([0, 1, 2] [1, 2, 3] [5, 3, 1] {'a': 1, 'b': 2})"},
        {R"({{ strftime_now('%Y-%m-%d %B') }})", R"(2024-07-26 July)"},
        {R"({% raw %}{{ x }} {% if %}{% endraw %} {{ x }})", R"({{ x }} {% if %} 3)"},
        {R"({%- set parts = [] %}{% for m in msgs %}{% set parts = parts + [m.content] %}{% endfor %}{{ parts }})",
         R"([])"},
        {R"({% set a, b = [1, 2] %}{{ a }}{{ b }}{% set q = (1, 2) %}{{ q[0] }})", R"(121)"},
        {R"({{ undef }}|{{ d.nokey }}|{{ d['nokey'] }}|{{ n }})", R"(|||None)"},
        {R"({{ n.x }}|)", R"(|)"},
        {R"({% generation %}abc{% endgeneration %})", R"(abc)"},
        {"x{#- c -#}  y {# c #}\nz", R"(xy z)"},
        {"{% if x == 3 and\n      y == 2.5 %}ok{% elif s %}no{% else %}never{% endif %}\n",
         R"(ok)"},
        {R"({{ "a" "b" }}{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a':{'b':2}} }})",
         R"(ab1{'a': {'b': 2}})"},
        {R"({{ (x, y) | length }} {{ [x, y,] }} {{ 'a' if x is defined and x is not none else 'b' }})",
         R"(2 [3, 2.5] a)"},
        {R"({{ msgs[0].role == 'user' }} {{ msgs[0]['role'] != 'user' }} {{ (msgs[0].role == 'user') != (0 % 2 == 0) }} {{ msgs | length > 1 }} {{ not msgs[0].tool_calls }})",
         R"(True False False True True)"},
        {R"({% for m in msgs %}{{ loop.cycle('odd', 'even') }}{% for k in l %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %})",
         R"(odd1231even1232)"},
        {R"({{ -x }} {{ +x }} {{ -x ** 2 }} {{ 2 ** 3 ** 1 }} {{ 10 - 2 - 3 }} {{ 2 * 3 % 4 }})",
         R"(-3 3 9 8 5 2)"},
        {R"({{ 'ab' | upper | lower | trim | length }} {{ 'a' ~ 'b' | upper }} {{ 'abc'[1:] | upper }} {{ ('a' + 'b') | upper }})",
         R"(2 aB BC AB)"},
        {"{% macro m(x) -%}\n  [{{ x }}]\n{%- endmacro %}\n{{- m('a') }}\n{{ m(x='b') }}",
         "[a]\n[b]"},
        {"{%- for m in msgs -%}\n{{ m.role }}: {{ m.content }}\n{% endfor -%}\nend",
         "user: a\nassistant: b\nend"},
        {"  \t{% set z = 1 %}\n  {{ z }}\n  {# c #}\n\t{% if z %}k{% endif %}\n\ntail\n\n",
         "  1\nk\ntail\n"},
    };

}  // namespace radlads::test
