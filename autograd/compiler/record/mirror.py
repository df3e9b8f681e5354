# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: cdivision=True, binding=True, embedsignature=True
"""mirror: the gradient's instructions, out of those of the function.

To record a gradient by running formulas on Values costs a node for each instruction,
and most of a long recording is that. But two instructions of one kind, with the same
operands constant, have the same derivative code but for where its operands are. So a
formula runs once for each kind (`autograd.compiler.record.formulas`), and its code is
written out here for each instruction, as numbers. The walk is that of
`autograd.adjoints.pull`, in the same order: what comes out is the recording that it
would have made, instruction by instruction.

An operand is a number as in `autograd.compiler.record.numbering`, and so is an adjoint.
One that is the same whatever the inputs are is a constant.
"""

from __future__ import annotations

import struct

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.compiler.record.deferred import DEFERRED, GivenUpError
from autograd.compiler.record.formulas import steps_for, steps_for_all
from autograd.primitives import TABLE
from autograd.primitives.relations import RELATIONS
from autograd.primitives.row import ALIAS

if cython.compiled:
    from cython.cimports.autograd.compiler.record.ints import Ints, ints_of, packed
else:
    from autograd.compiler.record.ints import Ints, ints_of, packed

ADD = TABLE["add"]
SUMS = frozenset({ADD, TABLE["sub"]})
_NONE = cython.declare(cython.longlong, -(2**62))  # no adjoint
_WIDTH = cython.declare(cython.longlong, 2**17)  # of a part of a key
# Of those that fit into a key with three parts, which is an int of 64 bits.
_KINDS = cython.declare(cython.longlong, 2**12)
# Derivative codes that are found without asking a dict.
_LATEST = cython.declare(cython.longlong, 1024)


@cython.cclass
class Mirror:
    """Numbered code in which deferred gradients are written out.

    Args:
        code: kinds, starts and operands.
        forms: the kinds, pairs of a primitive and how many operands it has.
        constants: the numbers of operands -2, -4, -6, ...
        inputs: how many there are.
        number: tells the number of an operand in the recording.
        zero: whether a constant 0 may have been a Value.

    """

    n: cython.Py_ssize_t
    inputs: cython.Py_ssize_t
    count: cython.Py_ssize_t  # of all constants, in the end
    old_kinds: Ints
    old_starts: Ints
    old_operands: Ints
    old_forms: list
    kinds: Ints
    operands: Ints
    forms: list
    form_of: dict
    constants: list
    constant_of: dict
    number: object
    zero: object
    new: Ints  # where the old results are
    bars: Ints  # of the old results, and then of the inputs
    active: bytearray
    templates: dict  # where in the steps they begin
    steps: Ints
    values: Ints  # of an instruction: its operands, result, adjoint, and derivatives'
    guards_of: dict
    guards: dict
    latest: Ints  # packed keys, each with where its steps begin
    add: cython.longlong  # the number of additions' kind, below 0 before it is asked

    def __init__(
        self,
        code: tuple,
        forms: list,
        constants: list,
        inputs: int,
        number: object,
        zero: object,
    ) -> None:
        kinds, starts, operands = code
        self.n = len(kinds) // 8
        self.inputs = inputs
        self.old_kinds = ints_of(kinds)
        self.old_starts = ints_of(starts)
        self.old_operands = ints_of(operands)
        self.old_forms = list(forms)
        self.number = number
        self.zero = zero
        self.kinds = Ints()
        self.operands = Ints()
        self.forms = []
        self.form_of = {}
        self.constants = list(constants)
        self.constant_of = {_key(x): i for i, x in enumerate(constants)}
        self.new = Ints()
        self.templates = {}
        self.steps = Ints()
        self.values = Ints()
        self.guards_of = {}
        self.guards = {}
        self.add = -1

    def constant(self, x: float) -> int:
        """Return the operand that is a constant."""
        key = _key(x)
        i = self.constant_of.get(key)
        if i is None:
            i = self.constant_of[key] = len(self.constants)
            self.constants.append(x)
        return -2 - 2 * i

    def form(self, primitive: object, arity: int) -> int:
        """Return the number of a kind."""
        found = self.form_of.get((primitive, arity))
        if found is None:
            found = self.form_of[primitive, arity] = len(self.forms)
            self.forms.append((primitive, arity))
        return found

    def write(self, roots: list) -> tuple:
        """Write all out.

        Returns:
            Kinds, starts, operands, the places of these roots, kinds and constants, as
            a `Listing` has them, and further guards.

        Raises:
            GivenUpError: if a gradient is to be recorded as usual.

        """
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        x: cython.longlong
        y: cython.longlong
        kind: cython.longlong
        begin: cython.Py_ssize_t
        end: cython.Py_ssize_t
        forms = [
            -1 if p is ALIAS else -2 if p is DEFERRED else self.form(p, n)
            for p, n in self.old_forms
        ]
        operands = self.old_operands
        groups: dict = {}
        for i in range(self.n):
            if forms[self.old_kinds.at[i]] == -2:
                begin = self.old_starts.at[i]
                y = operands.at[begin]
                groups.setdefault(y, []).append(operands.at[begin + 1])
        done: dict = {}
        for i in range(self.n):
            kind = forms[self.old_kinds.at[i]]
            begin = self.old_starts.at[i]
            end = self.old_starts.at[i + 1]
            if kind == -1:
                self.new.append(self.place(operands.at[begin]))
            elif kind == -2:
                y = operands.at[begin]
                if y not in done:
                    done[y] = self.pull(y, groups[y])
                self.new.append(done[y][operands.at[begin + 1]])
            else:
                for k in range(begin, end):
                    self.operands.append(self.place(operands.at[k]))
                self.new.append(self.kinds.size)
                self.kinds.append(kind)
        self.count = len(self.constants)
        guards = [
            (relation, self.final(a), self.final(b), outcome)
            for relation, a, b, outcome in self.guards
        ]
        return self.numbered(roots), guards

    @cython.cfunc
    @cython.inline
    def final(self, x: cython.longlong) -> cython.longlong:
        """Return the place of an operand: inputs, then constants, then results."""
        if x >= 0:
            return x + self.inputs + self.count
        return (-1 - x) // 2 if x % 2 else (-2 - x) // 2 + self.inputs

    @cython.cfunc
    @cython.inline
    def place(self, x: cython.longlong) -> cython.longlong:
        """Return where an old operand is."""
        return x if x < 0 else self.new.at[x]

    @cython.cfunc
    @cython.inline
    def slot(self, x: cython.longlong) -> cython.Py_ssize_t:
        """Return where the adjoint of an old result, or an input, is."""
        return x if x >= 0 else self.n + (-1 - x) // 2

    @cython.cfunc
    def numbered(self, roots: list) -> tuple:
        """Return the code in places, and those of the roots."""
        i: cython.Py_ssize_t
        size: cython.longlong = 0
        starts = Ints()
        arity = [n for _, n in self.forms]
        for i in range(self.operands.size):
            self.operands.at[i] = self.final(self.operands.at[i])
        for i in range(self.kinds.size):
            starts.append(size)
            size += arity[self.kinds.at[i]]
        starts.append(size)
        return (
            packed(self.kinds),
            packed(starts),
            packed(self.operands),
            [self.final(self.place(x)) for x in roots],
            self.forms,
            self.constants,
        )

    @cython.cfunc
    def pull(self, y: cython.longlong, inputs: list) -> dict:
        """Write the derivatives of y by all inputs; return where they are."""
        i: cython.Py_ssize_t
        at: cython.Py_ssize_t
        x: cython.longlong
        if y < 0:
            raise GivenUpError
        order = self.order(y)
        self.activate(order, inputs)
        self.templates = {}
        self.latest = Ints()
        for _ in range(2 * _LATEST):
            self.latest.append(-1)
        within: cython.bint = any(x >= 0 for x in inputs)
        self.bars = Ints()
        for _ in range(self.n + self.inputs):
            self.bars.append(_NONE)
        self.bars.at[y] = self.constant(1.0)
        for at in range(order.size - 1, -1, -1):
            i = order.at[at]
            if self.bars.at[i] != _NONE and self.active[i]:
                self.step(i, within)
        result: dict = {}
        for x in inputs:
            bar = self.bars.at[self.slot(x)]
            result[x] = self.constant(0.0) if bar == _NONE else bar
        return result

    @cython.cfunc
    def order(self, y: cython.longlong) -> Ints:
        """Return what y depends on as `autograd.walk.visit` orders it, and y."""
        k: cython.Py_ssize_t
        i: cython.longlong
        x: cython.longlong
        state = bytearray(self.n)  # 1 where met, 2 where numbered
        order = Ints()
        stack = Ints()
        stack.append(y)
        while stack.size:
            stack.size -= 1
            i = stack.at[stack.size]
            if state[i] == 0:
                state[i] = 1
                stack.append(i)
                for k in range(
                    self.old_starts.at[i + 1] - 1, self.old_starts.at[i] - 1, -1
                ):
                    x = self.old_operands.at[k]
                    if x >= 0 and state[x] == 0:
                        stack.append(x)
            elif state[i] == 1:
                state[i] = 2
                order.append(i)
        return order

    @cython.cfunc
    def activate(self, order: Ints, inputs: list) -> object:
        """Note what depends on the inputs."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        at: cython.Py_ssize_t
        x: cython.longlong
        active = bytearray(self.n + self.inputs)
        for x in inputs:
            active[self.slot(x)] = 1
        for at in range(order.size):
            i = order.at[at]
            for k in range(self.old_starts.at[i], self.old_starts.at[i + 1]):
                x = self.old_operands.at[k]
                if (x >= 0 or x % 2) and active[self.slot(x)]:
                    active[i] = 1
        self.active = active

    @cython.cfunc
    def step(self, i: cython.Py_ssize_t, within: cython.bint) -> object:
        """Write what an instruction passes on to its operands."""
        begin: cython.Py_ssize_t = self.old_starts.at[i]
        arity: cython.Py_ssize_t = self.old_starts.at[i + 1] - begin
        bar: cython.longlong = self.bars.at[i]
        k: cython.Py_ssize_t
        if bar < 0 and bar % 2 == 0 and self.constants[(-2 - bar) // 2] == 0.0:
            return
        found: cython.Py_ssize_t = self.steps_of(i, bar, arity, within)
        values = self.values
        values.size = 0
        for k in range(begin, begin + arity):
            values.append(self.place(self.old_operands.at[k]))
        values.append(self.new.at[i])
        values.append(bar)
        self.follow(found, begin)
        if self.guards_of and found in self.guards_of:
            self.check(self.guards_of[found], i, begin, arity)

    @cython.cfunc
    @cython.exceptval(check=True)
    def steps_of(
        self,
        i: cython.Py_ssize_t,
        bar: cython.longlong,
        arity: cython.Py_ssize_t,
        within: cython.bint,
    ) -> cython.Py_ssize_t:
        """Return where an instruction's steps begin; those met last are remembered."""
        at: cython.Py_ssize_t = 0
        few: cython.longlong = 0
        key: object
        if arity <= 2:
            few = self.key_of_few(i, bar, True)
            at = (few ^ (few >> 9) ^ (few >> 21)) & (_LATEST - 1)
            if self.latest.at[2 * at] == few:
                return self.latest.at[2 * at + 1]
            key = few
        else:
            key = self.key(i, bar, True)
        found = self.templates.get(key)
        if found is None:
            found = self.templates[key] = self.learn(i, bar, within, True)
        if found >= 0:
            if arity <= 2:
                self.latest.at[2 * at] = few
                self.latest.at[2 * at + 1] = found
            return found
        key = self.key_of_few(i, bar, False) if arity <= 2 else self.key(i, bar, False)
        found = self.templates.get(key)
        if found is None:
            found = self.templates[key] = self.learn(i, bar, within, False)
        return found

    @cython.cfunc
    @cython.exceptval(check=True)
    def part(
        self,
        begin: cython.Py_ssize_t,
        arity: cython.Py_ssize_t,
        k: cython.Py_ssize_t,
        loose: cython.bint,
    ) -> cython.longlong:
        """Return what counts of an operand: which it is the same as, or a constant."""
        ours: cython.p_longlong = self.old_operands.at
        x: cython.longlong = ours[begin + k]
        j: cython.Py_ssize_t = 0
        if x < 0 and x % 2 == 0:
            if loose and self.constants[(-2 - x) // 2] != 0.0:
                return 0
            return 1 + 2 * arity + (-2 - x) // 2
        while ours[begin + j] != x:
            j += 1
        return 1 + 2 * j + self.active[self.slot(x)]

    @cython.cfunc
    @cython.exceptval(check=True)
    def key_of_few(
        self, i: cython.Py_ssize_t, bar: cython.longlong, loose: cython.bint
    ) -> cython.longlong:
        """Return what `key` does as one number, of up to two operands."""
        begin: cython.Py_ssize_t = self.old_starts.at[i]
        arity: cython.Py_ssize_t = self.old_starts.at[i + 1] - begin
        k: cython.Py_ssize_t
        part: cython.longlong
        # From 1 on, so that the keys of one operand are no keys of two.
        found: cython.longlong = 1 + self.old_kinds.at[i]
        if found >= _KINDS:
            raise GivenUpError
        for k in range(arity):
            part = self.part(begin, arity, k, loose)
            if part >= _WIDTH:
                raise GivenUpError
            found = found * _WIDTH + part
        part = 1 + (-2 - bar) // 2 if bar < 0 and bar % 2 == 0 else 0
        if part >= _WIDTH:
            raise GivenUpError
        return found * _WIDTH + part

    @cython.cfunc
    def key(
        self, i: cython.Py_ssize_t, bar: cython.longlong, loose: cython.bint
    ) -> object:
        """Return what tells derivative code.

        That is the kind, the adjoint if it is fixed, and which operands are the same,
        are constants, or do not count.

        Args:
            i: the instruction.
            bar: its adjoint.
            loose: whether constants are all alike, but for 0.

        """
        begin: cython.Py_ssize_t = self.old_starts.at[i]
        k: cython.Py_ssize_t
        fixed: cython.bint = bar < 0 and bar % 2 == 0
        arity: cython.Py_ssize_t = self.old_starts.at[i + 1] - begin
        parts: list = [self.part(begin, arity, k, loose) for k in range(arity)]
        return self.old_kinds.at[i], bar if fixed else 0, *parts

    @cython.cfunc
    def follow(self, start: cython.Py_ssize_t, begin: cython.Py_ssize_t) -> object:
        """Write derivative code, of an instruction whose operands begin there."""
        at: cython.Py_ssize_t = start + 1
        end: cython.Py_ssize_t = start + self.steps.at[start]
        k: cython.Py_ssize_t
        count: cython.Py_ssize_t
        r: cython.longlong
        slot: cython.Py_ssize_t
        values = self.values
        while at < end:
            code: cython.p_longlong = self.steps.at
            if code[at] >= 0:
                slot = self.slot(self.old_operands.at[begin + code[at]])
                r = code[at + 1]
                self.bars.at[slot] = self.sum(
                    self.bars.at[slot], values.at[r] if r >= 0 else r
                )
                at += 2
                continue
            count = code[at + 2]
            for k in range(at + 3, at + 3 + count):
                r = code[k]
                self.operands.append(values.at[r] if r >= 0 else r)
            values.append(self.kinds.size)
            self.kinds.append(code[at + 1])
            at += 3 + count

    @cython.cfunc
    def sum(self, bar: cython.longlong, term: cython.longlong) -> cython.longlong:
        """Return an adjoint plus a term."""
        if bar == _NONE:
            return term
        if bar < 0 and bar % 2 == 0 and term < 0 and term % 2 == 0:
            a: cython.double = self.constants[(-2 - bar) // 2]
            b: cython.double = self.constants[(-2 - term) // 2]
            return self.constant(a + b)
        self.operands.append(bar)
        self.operands.append(term)
        if self.add < 0:
            self.add = self.form(ADD, 2)
        self.kinds.append(self.add)
        return self.kinds.size - 1

    @cython.cfunc
    def learn(
        self,
        i: cython.Py_ssize_t,
        bar: cython.longlong,
        within: cython.bint,
        for_all: cython.bint,
    ) -> object:
        """Return where the steps of an instruction's derivative begin.

        Args:
            i: the instruction.
            bar: its adjoint.
            within: whether second derivatives may be asked for.
            for_all: whether they are to be right whatever constants there are; -1 is
                returned if that cannot be.

        """
        if len(self.templates) > 5000 + self.n // 50:
            raise GivenUpError
        primitive = self.old_forms[self.old_kinds.at[i]][0]
        own = self.operands_of(i)
        if self.zero and primitive not in SUMS:
            for _, number, given, _ in own:
                if given and number == 0.0:
                    raise GivenUpError
        fixed: cython.bint = bar < 0 and bar % 2 == 0
        y_bar = self.constants[(-2 - bar) // 2] if fixed else None
        write = steps_for_all if for_all else steps_for
        found = write(self, primitive, own, y_bar, bool(within))
        return -1 if found is None else self.keep(found)

    @cython.cfunc
    def keep(self, found: tuple) -> object:
        """Append steps; return where they begin."""
        steps, guards = found
        start = self.steps.size
        self.steps.append(1 + sum(map(len, steps)))
        for each in steps:
            for word in each:
                self.steps.append(word)
        if guards:
            self.guards_of[start] = guards
        return start

    @cython.cfunc
    def operands_of(self, i: cython.Py_ssize_t) -> list:
        """Return operands, their numbers, and whether they are constants, or count."""
        k: cython.Py_ssize_t
        x: cython.longlong
        found = []
        for k in range(self.old_starts.at[i], self.old_starts.at[i + 1]):
            x = self.old_operands.at[k]
            constant: cython.bint = x < 0 and x % 2 == 0
            counts: cython.bint = not constant and self.active[self.slot(x)]
            found.append((x, self.number(x), bool(constant), bool(counts)))
        return found

    @cython.cfunc
    def check(
        self,
        guards: list,
        i: cython.Py_ssize_t,
        begin: cython.Py_ssize_t,
        arity: cython.Py_ssize_t,
    ) -> object:
        """Note what a formula compared, if it turns out as where it was run."""
        r: cython.longlong
        for relation, a, b, outcome in guards:
            sides, numbers = [], []
            for r in (a, b):
                if r > arity:
                    raise GivenUpError
                x = r if r < 0 else i if r == arity else self.old_operands.at[begin + r]
                sides.append(r if r < 0 else self.values.at[r])
                numbers.append(
                    self.constants[(-2 - r) // 2] if r < 0 else self.number(x)
                )
            if bool(RELATIONS[relation](*numbers)) != outcome:
                raise GivenUpError
            self.guards[relation, sides[0], sides[1], outcome] = None


def _key(x: float) -> object:
    """Return what tells constants apart: of those that are equal, and NaN, the bits."""
    return x if x != 0.0 and x == x else struct.pack("<d", x)  # noqa: PLR0124
