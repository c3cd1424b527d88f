"""Object code brought into memory as a linker does it, of the kind that is compiled for Linux on x86-64.

The compiler has a loader for every system, which takes longer to import than many networks to train. Here is
the part of it that kernels need: sections laid one behind the other, places in them filled with the distance
to others, and the C library's functions called through a table. Anything else raises `Unfamiliar`.

Format: System V ABI, chapters 4 and 5 (ELF), and its AMD64 supplement, table 4.9 (relocations).
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import platform
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple


class Unfamiliar(Exception):
    """Object code, or a system, of a kind that is not known here."""


class _Section(NamedTuple):
    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry_size: int


class _Symbol(NamedTuple):
    name: str
    section: int
    value: int


_SECTION, _SYMBOL, _RELOCATION = struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ"), struct.Struct("<QQq")
_ELF_64_LITTLE, _RELOCATABLE, _X86_64 = b"\x7fELF\x02\x01", 1, 62
_CONTENT, _SYMBOLS, _RELOCATIONS = 1, 2, 4
_WRITABLE, _IN_MEMORY = 1, 2
_ABSOLUTE_64, _RELATIVE_32, _CALL_32, _RELATIVE_64 = 1, 2, 4, 24
_THROUGH_TABLE = (9, 41, 42)
# The half of a relocation that says what it is; the other half is the symbol.
_LOW = 2**32 - 1
# An entry of the table is an address, and the jump there: `jmp *-14(%rip)`.
_JUMP = b"\xff\x25\xf2\xff\xff\xff\xcc\xcc"
_ENTRY = 8 + len(_JUMP)

_KNOWN_SYSTEM = sys.platform == "linux" and platform.machine() == "x86_64" and sys.maxsize > 2**32


class _Object:
    """The parts of an object file."""

    def __init__(self, content: bytes) -> None:
        if content[:6] != _ELF_64_LITTLE:
            raise Unfamiliar("no ELF file of 64 bits")
        kind, machine = struct.unpack_from("<HH", content, 16)
        if (kind, machine) != (_RELOCATABLE, _X86_64):
            raise Unfamiliar("no object file for x86-64")
        (start,) = struct.unpack_from("<Q", content, 40)
        size, count, names = struct.unpack_from("<HHH", content, 58)
        self.content = content
        self.sections = [
            _Section(*_SECTION.unpack_from(content, start + size * number)) for number in range(count)
        ]
        self._names = self.sections[names]
        self.symbols = list(self._read_symbols())

    def part(self, section: _Section) -> bytes:
        return self.content[section.offset : section.offset + section.size]

    def _text(self, table: _Section, position: int) -> str:
        start = table.offset + position
        return self.content[start : self.content.index(b"\0", start)].decode()

    def name(self, section: _Section) -> str:
        return self._text(self._names, section.name)

    def _read_symbols(self) -> Iterator[_Symbol]:
        for table in self.sections:
            if table.kind == _SYMBOLS:
                for name, _, _, section, value, _ in _SYMBOL.iter_unpack(self.part(table)):
                    yield _Symbol(self._text(self.sections[table.link], name), section, value)


def _address_of(name: str) -> int:
    """Where a function of the C library lies, which may have its mathematics in a file of their own."""
    for library in (None, "libm.so.6"):
        with contextlib.suppress(OSError, AttributeError):
            found = ctypes.cast(getattr(ctypes.CDLL(library), name), ctypes.c_void_p).value
            if found:
                return found
    raise Unfamiliar(f"no function {name} in this process")


def _layout(code: _Object) -> tuple[dict[int, int], int]:
    """Where each section that is needed in memory begins, and where the last one ends."""
    places, end = {}, 0
    for number, section in enumerate(code.sections):
        name = code.name(section)
        if not section.flags & _IN_MEMORY or not section.size or name == ".eh_frame":
            continue
        if section.kind != _CONTENT:
            if section.kind >= 2**28:
                continue
            raise Unfamiliar(f"section {name}")
        if section.flags & _WRITABLE and not name.startswith(".data.rel.ro"):
            raise Unfamiliar(f"section {name}, which is written to")
        end += -end % section.align
        places[number], end = end, end + section.size
    return places, end + -end % 16


def link(content: bytes, entry: str) -> int:
    """The address of the function `entry` of an object file. Raises Unfamiliar, see there."""
    if not _KNOWN_SYSTEM:
        raise Unfamiliar("this system")
    code = _Object(content)
    places, table = _layout(code)
    wanted = [
        (places[section.info], *relocation)
        for section in code.sections
        if section.kind == _RELOCATIONS and section.info in places
        for relocation in _RELOCATION.iter_unpack(code.part(section))
    ]
    by_table = {
        what >> 32
        for _, _, what, _ in wanted
        if what & _LOW in _THROUGH_TABLE or code.symbols[what >> 32].section == 0
    }
    entries = {which: table + _ENTRY * number for number, which in enumerate(by_table)}
    size = table + _ENTRY * len(entries)
    memory = mmap.mmap(-1, max(size, 1), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    held = ctypes.c_char.from_buffer(memory)
    base = ctypes.addressof(held)

    def address(symbol: _Symbol) -> int:
        if symbol.section == 0:
            return _address_of(symbol.name)
        if symbol.section not in places:
            raise Unfamiliar(f"symbol {symbol.name}")
        return base + places[symbol.section] + symbol.value

    for number, start in places.items():
        memory[start : start + code.sections[number].size] = code.part(code.sections[number])
    for which, place in entries.items():
        memory[place : place + _ENTRY] = struct.pack("<Q", address(code.symbols[which])) + _JUMP
    for start, offset, what, addend in wanted:
        symbol, kind, place = code.symbols[what >> 32], what & _LOW, start + offset
        if kind == _ABSOLUTE_64:
            struct.pack_into("<Q", memory, place, address(symbol) + addend)
        elif kind == _RELATIVE_64:
            struct.pack_into("<q", memory, place, address(symbol) + addend - (base + place))
        elif kind in (_RELATIVE_32, _CALL_32):
            # What lies far off is called by way of the table.
            target = base + entries[what >> 32] + 8 if symbol.section == 0 else address(symbol)
            struct.pack_into("<i", memory, place, target + addend - (base + place))
        elif kind in _THROUGH_TABLE:
            struct.pack_into("<i", memory, place, entries[what >> 32] + addend - place)
        else:
            raise Unfamiliar(f"relocation {kind}")
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    if protect(base, len(memory), mmap.PROT_READ | mmap.PROT_EXEC):
        raise Unfamiliar("memory that may not hold code")
    # Never given back: a thread may still be in this code while Python ends.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))
    for symbol in code.symbols:
        if symbol.name == entry and symbol.section in places:
            return address(symbol)
    raise Unfamiliar(f"no function {entry}")
