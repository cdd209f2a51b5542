"""Seeded damage to files: to their bytes, to the words of a text, and to what JSON says."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

#: Stand for lists in lists in lists, which `json.dumps` cannot write.
_NESTED = {'@nested1000@': 1000, '@nested900@': 900, '@nested100@': 100}
#: What stands in a file in place of what should.
VALUES = (
    *(None, True, False, '', 'x', 'a\nb', '\x1b[2Jred', '\ud800', '\0', '../../x', '1', 'x' * 100_000, *_NESTED),
    *(
        -1,
        0,
        1.5,
        1e9,
        -1e9,
        2**53,
        2**62 - 1,
        1 - 2**62,
        2**63,
        -(2**63),
        10**30,
        10**400,
        5e-324,
        1e20,
        1e308,
        -1e308,
    ),
    *(float('nan'), float('inf'), -float('inf'), [], {}, [None], [[]], {'x': 1}),
)
#: The same for the words of tables, and for those of programs.
WORDS = ('', 'nan', 'inf', '-inf', '1e308', '1e999', '-1', '9' * 400, '9' * 30, 'x' * 10_000, '\x1b[2J', '"', 'x', '\0')
PYTHON = (
    *('None', 'True', "''", '-1', '1e308', '{}', '[]', '()', 'set()', '[[]]', 'lambda: 0', '1/0', 'exit()', 'object'),
    *("float('nan')", '10**400', "'\\x1b[2J'", "'a\\nb'", "'{{$NOT_THERE}}'", '{{$NOT_THERE}}', '{{_base_.x}}', 'int'),
    *('dict(_delete_=True)', "'x' * 1000", 'nothing', "dict(type='x')", '{0: 1}', "b''", '2.5', "'none.py'"),
)


def of_bytes(data: bytes, rng: Random) -> bytes:
    """One to three bits, bytes or blocks of a file changed, lost or put in."""
    for _ in range(rng.randint(1, 3)):
        place, size = rng.randrange(len(data) + 1), rng.choice((1, 2, 8, 64, 512))
        before, block, after = data[:place], data[place : place + size], data[place + size :]
        change = rng.choice(('flip', 'set', 'cut', 'insert', 'delete', 'repeat', 'zero'))
        if change == 'flip':
            block = bytes([block[0] ^ 1 << rng.randrange(8)]) + block[1:] if block else b'\xff'
        data = {
            'flip': before + block + after,
            'set': before + rng.randbytes(len(block)) + after,
            'cut': before,
            'insert': before + rng.randbytes(size) + block + after,
            'delete': before + after,
            'repeat': before + block + block + after,
            'zero': before + bytes(len(block)) + after,
        }[change]
    return data


def of_text(data: bytes, rng: Random, words: tuple[str, ...] = WORDS) -> bytes:
    """A word of a table or a program replaced, or a line lost, repeated or moved."""
    text = data.decode()
    lines = text.splitlines(keepends=True)
    place, change = rng.randrange(len(lines)), rng.choice(('word',) * 6 + ('lose', 'repeat', 'shuffle'))
    if change == 'word':
        word = rng.choice([*re.finditer(r"'[^'\n]*'|[^\s,=()\[\]{}:]+", text)])
        return (text[: word.start()] + rng.choice(words) + text[word.end() :]).encode()
    if change == 'shuffle':
        rng.shuffle(lines)
    else:
        lines[place : place + 1] = [lines[place]] * (2 * (change == 'repeat'))
    return ''.join(lines).encode()


def of_json(data: bytes, rng: Random) -> bytes:
    """One to three entries of a JSON document replaced, lost, repeated, renamed or moved."""
    document = [json.loads(data)]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        holder, key = _place(document, rng)
        rng.choice(_CHANGES)(document, holder, key, rng)
    text = json.dumps(document[0] if document else None)
    for mark, depth in _NESTED.items():
        text = text.replace(f'"{mark}"', '[' * depth + ']' * depth)
    return text.encode()


def _place(document: list[Any], rng: Random) -> tuple[Any, Any]:
    """An entry: what it is in, and its key there. Those near the top are as likely as those far down."""
    holder, key, deeper = document, 0, rng.choice((0.6, 0.8, 0.95))
    while isinstance(holder[key], list | dict) and holder[key] and rng.random() < deeper:
        holder = holder[key]
        key = rng.choice([*holder] if isinstance(holder, dict) else range(len(holder)))
    return holder, key


def _replace(document: list[Any], holder: Any, key: Any, rng: Random) -> None:
    holder[key] = deepcopy(rng.choice(VALUES))


def _everywhere(document: list[Any], holder: Any, key: Any, rng: Random) -> None:
    """Whatever has the same name becomes the same."""
    value, waiting = rng.choice((holder[key], *VALUES)), [*document]
    while waiting and isinstance(key, str):
        item = waiting.pop()
        if isinstance(item, dict) and key in item:
            item[key] = deepcopy(value)
        waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()


def _copy(document: list[Any], holder: Any, key: Any, rng: Random) -> None:
    other, there = _place(document, rng)
    holder[key] = deepcopy(other[there])


def _lose(document: list[Any], holder: Any, key: Any, rng: Random) -> None:
    if holder is not document:
        del holder[key]


def _repeat(document: list[Any], holder: Any, key: Any, rng: Random) -> None:
    if isinstance(holder, list) and holder is not document:
        holder[key:key] = [deepcopy(holder[key]) for _ in range(rng.choice((1, 1, 2, 50)))]


def _rename(document: list[Any], holder: Any, key: Any, rng: Random) -> None:
    if isinstance(holder, dict):
        holder[rng.choice((key.upper(), f'{key}\n', '', 'annolist', 'images', 'x' * 1000))] = holder.pop(key)


def _shuffle(document: list[Any], holder: Any, key: Any, rng: Random) -> None:
    if isinstance(holder[key], list):
        rng.shuffle(holder[key])


_CHANGES: tuple[Callable[[list[Any], Any, Any, Random], None], ...] = (
    *(_replace,) * 6,
    *(_lose, _lose, _repeat, _repeat, _copy, _copy, _rename, _shuffle, _everywhere, _everywhere),
)


def harmless_json(data: bytes, rng: Random, shuffled: tuple[str, ...] = ()) -> bytes:
    """Keys in another order, unknown ones among them, other white space, and lists in another order whose names, or
    `''` for the document itself, say that order means nothing there."""

    def changed(value: Any, name: str = '') -> Any:
        if isinstance(value, list):
            items = [changed(item, 'of a list') for item in value]
            return rng.sample(items, len(items)) if name in shuffled else items
        if not isinstance(value, dict):
            return value
        items = [(key, changed(item, key)) for key, item in value.items()]
        items += [(f'unknown{number}', rng.choice(VALUES[:10])) for number in range(rng.randrange(3))]
        return dict(rng.sample(items, len(items)))

    return json.dumps(changed(json.loads(data)), indent=rng.choice((None, 0, 3))).encode()


def harmless_text(data: bytes, rng: Random, header: int = 0) -> bytes:
    """The lines below the header in another order, and empty ones among them."""
    lines = data.decode().splitlines()
    rest = lines[header:] + [''] * rng.randrange(3)
    return '\n'.join([*lines[:header], *rng.sample(rest, len(rest)), '']).encode()
