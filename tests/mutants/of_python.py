"""Mutants of Python: a statement, a transaction or a handler taken out, a condition or an operator turned round."""

import ast

from tests.mutants.mutant import Mutant, shown

_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.In: "not in",
    ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
_CALCULATED: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.FloorDiv: "*", ast.Mod: "*", ast.BitOr: "&",
}  # fmt: skip
_NO_TRANSACTION = '__import__("contextlib").nullcontext()'


def mutants_of_python(file: str, text: str) -> list[Mutant]:
    """Every mutant of a module's functions and constants."""
    finder = _Finder(file, text)
    finder.visit(ast.parse(text))
    return sorted(set(finder.mutants))


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, text: str) -> None:
        self._file, self._text = file, text
        self._lines = [line.encode() for line in text.splitlines(keepends=True)]
        self._scope: list[str] = []
        self.mutants: list[Mutant] = []

    def visit(self, node: ast.AST) -> None:
        mutate = getattr(self, f"_mutate_{type(node).__name__}", None)
        if mutate:
            mutate(node)
        if _is_telling(node) or isinstance(node, ast.Slice):
            return
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self._enter(node, child)

    def _enter(self, parent: ast.AST, child: ast.AST) -> None:
        named = isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named:
            self._scope.append(parent.name)  # type: ignore[attr-defined]
        self.visit(child)
        if named:
            self._scope.pop()

    def _add(self, node: ast.AST, replacement: str, change: str) -> None:
        start = self._at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        end = self._at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
        self._add_between(start, end, replacement, change)

    def _add_between(self, start: int, end: int, replacement: str, change: str) -> None:
        line = self._text.count("\n", 0, start) + 1
        unit = ".".join(self._scope) or "module"
        self.mutants.append(Mutant(self._file, start, end, replacement, unit, line, change))

    def _at(self, line: int, column: int) -> int:
        """The place in the text of a place in a line, which is counted in bytes."""
        before = sum(len(each.decode()) for each in self._lines[: line - 1])
        return before + len(self._lines[line - 1][:column].decode())

    def _source(self, node: ast.AST) -> str:
        return ast.get_source_segment(self._text, node) or ""

    def _mutate_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if turned := _COMPARED.get(type(operator)):
                start = self._at(left.end_lineno or 0, left.end_col_offset or 0)
                end = self._at(right.lineno, right.col_offset)
                opening = "(" * self._text[start:end].count("(")
                closing = ")" * self._text[start:end].count(")")
                change = f"{shown(self._source(node))} with {turned}"
                self._add_between(start, end, f"{closing} {turned} {opening}", change)
            left = right

    def _mutate_BoolOp(self, node: ast.BoolOp) -> None:
        for value in node.values:
            if isinstance(value, ast.Constant):
                continue
            neutral = "True" if isinstance(node.op, ast.And) else "False"
            self._add(value, neutral, f"{shown(self._source(value))} taken as {neutral}")

    def _mutate_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._add(node, f"bool({self._source(node.operand)})", f"{shown(self._source(node))} without not")

    def _mutate_BinOp(self, node: ast.BinOp) -> None:
        if (turned := _CALCULATED.get(type(node.op))) and not _is_text(node):
            source = f"{self._source(node.left)} {turned} {self._source(node.right)}"
            self._add(node, f"({source})", f"{shown(self._source(node))} with {turned}")
        if isinstance(node.op, ast.BitOr):
            source = f"{self._source(node.right)} | {self._source(node.left)}"
            self._add(node, f"({source})", f"{shown(self._source(node))} the other way round")

    def _mutate_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._add(node, str(not node.value), f"{node.value} turned to {not node.value}")
        elif isinstance(node.value, int):
            self._add(node, str(node.value + 1), f"{node.value} turned to {node.value + 1}")

    def _mutate_If(self, node: ast.If) -> None:
        for value in ("True", "False"):
            self._add(node.test, value, f"if {shown(self._source(node.test))} taken as {value}")

    def _mutate_IfExp(self, node: ast.IfExp) -> None:
        for value in ("True", "False"):
            self._add(node.test, value, f"{shown(self._source(node))} taken as {value}")

    def _mutate_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self._add(node.test, "False", f"while {shown(self._source(node.test))} taken as False")

    def _mutate_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._add(condition, "True", f"if {shown(self._source(condition))} taken as True")

    def _mutate_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant | ast.Yield) and not _is_telling(node):
            self._add(node, "pass", f"{shown(self._source(node))} taken out")

    def _mutate_Assign(self, node: ast.Assign) -> None:
        if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self._add(node, "pass", f"{shown(self._source(node))} taken out")

    def _mutate_AugAssign(self, node: ast.AugAssign) -> None:
        self._add(node, "pass", f"{shown(self._source(node))} taken out")

    def _mutate_Delete(self, node: ast.Delete) -> None:
        self._add(node, "pass", f"{shown(self._source(node))} taken out")

    def _mutate_Raise(self, node: ast.Raise) -> None:
        if not self._source(node).startswith("raise RuntimeError("):  # which says what cannot be
            self._add(node, "pass", f"{shown(self._source(node))} taken out")

    def _mutate_Continue(self, node: ast.Continue) -> None:
        self._add(node, "break", "continue turned to break")

    def _mutate_Break(self, node: ast.Break) -> None:
        self._add(node, "continue", "break turned to continue")

    def _mutate_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._add(node, "return None", f"{shown(self._source(node))} turned to None")

    def _mutate_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if not isinstance(node.body[0], ast.Raise):
            first, last = node.body[0], node.body[-1]
            start = self._at(first.lineno, first.col_offset)
            end = self._at(last.end_lineno or 0, last.end_col_offset or 0)
            caught = shown(self._source(node.type)) if node.type else "anything"
            self._add_between(start, end, "raise", f"except {caught} raises")

    def _mutate_withitem(self, node: ast.withitem) -> None:
        call = node.context_expr
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "transaction":
            self._add(call, _NO_TRANSACTION, f"no {shown(self._source(call))}")


def _is_telling(node: ast.AST) -> bool:
    """Whether it only writes to the log, or is text for people."""
    if isinstance(node, ast.JoinedStr):
        return True
    call = node.value if isinstance(node, ast.Expr) else None
    target = call.func if isinstance(call, ast.Call) else None
    owner = target.value if isinstance(target, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id == "_log"


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(side, ast.JoinedStr | ast.List | ast.Constant) and not _is_number(side) for side in sides)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)
