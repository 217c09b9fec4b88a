"""Dockerfiles become values, and every character stays accounted for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.model.image import Platform
from scantling.project.dockerfile.model import Dockerfile, Form, Instruction
from scantling.project.dockerfile.parse import parse, platform_arguments


def _one(text: str) -> Instruction:
    """Return the last instruction of a stage that starts from scratch."""
    return parse(f"FROM scratch\n{text}").instructions[-1]


def _words(text: str) -> list[str]:
    return [word.expanded for word in _one(text).words]


def _messages(file: Dockerfile) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in file.problems]


REAL = """\
# syntax=docker/dockerfile:1
ARG GO=1.22
FROM --platform=$BUILDPLATFORM golang:${GO}-bookworm AS Build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/root/.cache \\
    # modules first
    go mod download

RUN <<-"EOF" cat > /hello
	first
	EOF
FROM gcr.io/distroless/static AS final
COPY --link --from=build /src/app /app
ENTRYPOINT ["/app", "--serve"]
"""


def test_a_real_file_is_stages_and_instructions() -> None:
    file = parse(REAL)

    assert file.problems == ()
    assert [stage.name for stage in file.stages] == ["build", "final"]
    assert file.stages[0].image == "golang:1.22-bookworm"
    assert file.stages[0].platform == "$BUILDPLATFORM"
    assert [one.keyword for one in file.stages[0].instructions] == [
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "RUN",
    ]
    run, heredoc = file.stages[0].instructions[3:]
    assert (run.line, run.end_line) == (6, 8)
    assert run.arguments == "go mod download" or run.arguments.split() == ["go", "mod", "download"]
    assert run.flag("mount") == "type=cache,target=/root/.cache"
    assert (heredoc.line, heredoc.end_line) == (10, 12)
    assert heredoc.heredocs[0].content == "\tfirst\n"
    assert not heredoc.heredocs[0].expands
    copy, entry = file.stages[1].instructions[1:]
    assert (copy.flag("link"), copy.flag("from")) == ("", "build")
    assert entry.form is Form.EXEC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The examples of the reference, "Environment replacement" and "ENV".
        ("ENV FOO=/bar\nWORKDIR ${FOO}", ["/bar"]),
        ("ENV FOO=/bar\nADD . $FOO", [".", "/bar"]),
        ("ENV FOO=/bar\nCOPY \\$FOO /quux", ["$FOO", "/quux"]),
        ("ENV abc=hello\nENV abc=bye def=$abc\nUSER $def", ["hello"]),
        ("ENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\nUSER $ghi", ["bye"]),
        ('ENV MY_NAME="John Doe" MY_DOG=Rex\\ The\\ Dog\nUSER $MY_NAME,$MY_DOG', None),
        ("ENV ONE TWO= THREE=world\nUSER $ONE", ["TWO= THREE=world"]),
        ("ARG a=1\nENV a=2\nARG a=3\nUSER $a", ["2"]),
        ("ARG a\nUSER x$a", ["x"]),
        ("ARG a='b c'\nUSER ${a}", ["b c"]),
        ("RUN echo $HOME", ["echo $HOME"]),
        ('CMD ["$A"]', ["$A"]),
        ("VOLUME /a /b", ["/a", "/b"]),
        ('VOLUME ["/a b"]', ["/a b"]),
        ('COPY ["a b", "c/"]', ["a b", "c/"]),
        ("COPY [not json /x", ["[not", "json", "/x"]),
        ('LABEL com.example="a \\" b" other=\'$x\'', ['com.example=a " b', "other=$x"]),
        ("user\tnobody", ["nobody"]),
        ("STOPSIGNAL SIGTERM", ["SIGTERM"]),
        ("EXPOSE 80/tcp 80/udp", ["80/tcp", "80/udp"]),
        ("MAINTAINER a <a@example.com>", ["a <a@example.com>"]),
        ("HEALTHCHECK NONE", ["NONE"]),
        ('HEALTHCHECK --timeout=3s CMD ["curl", "-f"]', ["CMD", "curl", "-f"]),
        ("RUN a \\\n  b \\\n\n# c\n  d", ["a   b   d"]),
        ("RUN a \\ \t\n b", ["a  b"]),
        ("RUN a \\\\\nUSER b", ["b"]),
        ("RUN a \\\r\n b\r\n", ["a  b"]),
    ],
)
def test_arguments_are_split_and_expanded_as_the_reference_says(
    text: str, expected: list[str] | None
) -> None:
    assert _words(text) == (expected or ["John Doe,Rex The Dog"])


def test_arguments_before_the_first_from_are_known_to_from_and_where_they_are_declared() -> None:
    text = "ARG V=1\nFROM a:$V\nUSER x$V\nARG V\nUSER y$V\nFROM b:${V:-2}"

    file = parse(text.replace("FROM a", "FROM scratch\nFROM a"))
    known = parse(text.replace("FROM a:$V", "FROM scratch"))

    assert [stage.image for stage in file.stages] == ["scratch", "a:1", "b:1"]
    assert [one.words[0].expanded for one in known.instructions if one.keyword == "USER"] == [
        "x",
        "y1",
    ]
    assert parse(text, arguments={"V": "7"}).stages[1].image == "b:7"


def test_a_stage_inherits_variables_from_the_stage_it_starts_from() -> None:
    file = parse("FROM scratch AS a\nENV E=1\nARG A=2\nFROM a\nUSER $E$A\nFROM scratch\nUSER x$E")

    assert [one.words[0].expanded for one in file.instructions if one.keyword == "USER"] == [
        "12",
        "x",
    ]


def test_what_another_image_may_have_set_stays_as_it_is_written() -> None:
    user = parse("FROM debian\nENV PATH=/x:$PATH\nWORKDIR ${JAVA_HOME:-/opt}/lib").instructions

    assert user[1].pairs == (("PATH", "/x:$PATH"),)
    assert user[2].words[0].expanded == "${JAVA_HOME:-/opt}/lib"
    assert user[2].unknown == ("JAVA_HOME",)


def test_platform_arguments_are_unknown_until_given() -> None:
    text = "FROM --platform=$TARGETPLATFORM x\nFROM scratch\nARG TARGETARCH\nUSER a-$TARGETARCH"

    assert parse(text).instructions[-1].words[0].expanded == "a-$TARGETARCH"
    given_ = parse(text, arguments={"TARGETARCH": "arm64", "TARGETPLATFORM": "linux/arm64"})
    assert given_.instructions[-1].words[0].expanded == "a-arm64"
    assert given_.stages[0].platform == "linux/arm64"


def test_a_stage_may_be_chosen_by_platform() -> None:
    text = "FROM a AS b-amd64\nFROM c AS b-arm64\nFROM b-$TARGETARCH${DEBUG:+-debug} AS d"

    unknown = parse(text).stages[2]
    known = parse(text, arguments=platform_arguments(Platform(architecture="arm64"))).stages[2]

    assert (unknown.image, unknown.parent) == ("b-$TARGETARCH${DEBUG:+-debug}", None)
    assert (known.image, known.parent) == ("b-arm64", 1)


def test_flags_go_on_over_lines_before_a_here_document() -> None:
    file = parse(
        "FROM x\nRUN --mount=target=. \\\n  --mount=source=/a,from=c <<EOT bash\n a \\\nEOT\nUSER b"
    )

    run, user = file.instructions[1:]
    assert [flag.value for flag in run.flags] == ["target=.", "source=/a,from=c"]
    assert run.heredocs[0].content == " a \\\n"
    assert user.line == 6


def test_a_backtick_can_be_the_escape() -> None:
    file = parse("# escape=`\nFROM scratch\nCOPY a `\n  c:\\\\\nRUN dir")

    assert [word.expanded for word in file.instructions[1].words] == ["a", "c:\\\\"]
    assert file.instructions[2].line == 5


@pytest.mark.parametrize(
    ("text", "directives"),
    [
        ("#syntax = a\n# Escape=`\n#check=skip=all\nFROM x", ["syntax", "escape", "check"]),
        ("# about\n# escape=`\nFROM x", []),
        ("\n# escape=`\nFROM x", []),
        ("# unknown=1\n# escape=`\nFROM x", []),
        ("\ufeff# escape=`\nFROM x", ["escape"]),
    ],
)
def test_directives_come_first_or_not_at_all(text: str, directives: list[str]) -> None:
    file = parse(text)

    assert [one.name for one in file.directives] == directives
    assert file.problems == ()


def test_several_here_documents_are_read_in_order() -> None:
    copy = _one("COPY <<a.txt <<-'b' /dir/\nA $X\na.txt\n\tB\n\tb\n")

    assert [(doc.name, doc.content, doc.expands, doc.chomps) for doc in copy.heredocs] == [
        ("a.txt", "A $X\n", True, False),
        ("b", "\tB\n", False, True),
    ]
    assert copy.end_line == 6


@pytest.mark.parametrize(
    "text",
    [
        "CMD cat <<EOF",
        'RUN ["cat", "<<EOF"]',
        "RUN cat << EOF",
        "RUN cat <<<EOF",
        'RUN echo "<<EOF"',
        "ENV A=<<EOF",
    ],
)
def test_what_only_looks_like_a_here_document_is_none(text: str) -> None:
    file = parse(f"FROM scratch\n{text}\nUSER a\nEOF")

    assert file.instructions[1].heredocs == ()
    assert file.instructions[2].keyword == "USER"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("", 1, "the file has no instructions", "Begin with FROM"),
        ("FORM a", 1, "there is no instruction FORM", "Did you mean FROM?"),
        ("RUN a\nFROM b", 1, "RUN stands before the first FROM", "Begin with FROM"),
        ("ARG a", 1, "the file has no FROM", "Begin with FROM"),
        ("FROM a b", 1, "FROM takes an image", "Flags go before"),
        ("FROM a AS 1x", 1, "'1x' cannot be the name of a stage", "Begin with a letter"),
        ("FROM a AS scratch", 1, "a stage cannot be named scratch", "another name"),
        ("FROM $X", 1, "the image $X is empty", "default"),
        ("FROM a\n\nCOPY x", 3, "COPY has too few arguments", "a destination"),
        ("FROM a\nCOPY --form=b x y", 2, "COPY has no flag --form", "Did you mean --from?"),
        ("FROM a\nCOPY --from b x y", 2, "--from lacks its value", "--from=value"),
        ("FROM a\nCOPY --from=0 x y", 2, "--from=0 is not an earlier stage", "count from 0"),
        ("FROM a\nCMD --x=1 y", 2, "CMD has no flag --x", "CMD takes no flags."),
        ("FROM a\nSHELL bash", 2, "SHELL is not a JSON array", "/bin/bash"),
        ("FROM a\nCMD [1]", 2, "an array must hold strings only", "double quotes"),
        ("FROM a\nONBUILD FROM b", 2, "ONBUILD cannot hold FROM", ""),
        ("FROM a\nONBUILD", 2, "ONBUILD lacks its instruction", ""),
        ("FROM a\nHEALTHCHECK ME", 2, "HEALTHCHECK has no type ME", "NONE"),
        ("FROM a\nENV A", 2, "ENV A has no value", "name=value"),
        ("FROM a\nENV A=1 B", 2, "'B' has no '='", "quotes"),
        ("FROM a\nRUN <<EOF\nx", 3, "here-document EOF is never closed", "exactly EOF"),
        ("# escape=x\nFROM a", 1, "the escape character cannot be 'x'", "Use"),
        ("# escape=`\n# escape=`\nFROM a", 2, "escape is given twice", "first"),
        ('FROM scratch\nUSER \\\n  "a', 3, "a double quote is not closed", ""),
        ("FROM scratch\nUSER ${a", 2, "is no known substitution", ""),
        ("FROM scratch\nUSER ${A:?name it}", 2, "A: name it", ""),
    ],
)
def test_a_problem_has_a_line_a_reason_and_a_way_out(
    text: str, line: int, message: str, hint: str
) -> None:
    [problem] = [one for one in parse(text).problems if message in one.message]

    assert problem.line == line
    assert hint in problem.hint


def test_stages_form_the_chain_of_the_target() -> None:
    file = parse("FROM a AS base\nFROM base AS build\nFROM x AS other\nFROM Base AS final")

    assert [stage.name for stage in file.chain()] == ["base", "final"]
    assert [stage.name for stage in file.chain("build")] == ["base", "build"]
    assert [stage.name for stage in file.chain("2")] == ["other"]
    assert file.chain("none") == ()


def test_values_that_double_do_not_fill_the_memory() -> None:
    lines = "".join("ENV A=$B$B\nENV B=$A$A$A$A$A$A$A$A\n" for _ in range(500))

    file = parse(f"FROM scratch\nENV A=xxxxxxxx B=xxxxxxxx\n{lines}")

    assert any("more than 131,072 characters" in problem.message for problem in file.problems)
    assert sum(len(word.expanded) for one in file.instructions for word in one.words) < 64 << 20


_PIECES = st.sampled_from(
    [
        "FROM a AS b", "FROM b", "RUN x", "RUN <<EOF", "EOF", "COPY --from=b <<-'E' x", "\tE",
        "ENV A=1", "ENV A $A", "ARG A=${A:-x}", "# c", "# escape=`", "\\", "`", " \\\n", "\n",
        "\r\n", " ", '["a"]', "[[", "ONBUILD ", "HEALTHCHECK CMD ", "--flag=", '"', "'", "$",
        "${", "}", "/", "\ufeff", "\x00", "\udc80", "\u2028", "LABEL ",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=4), max_size=30).map("".join))
def test_any_text_gives_values_whose_pieces_are_the_text(text: str) -> None:
    file = parse(text)

    assert "".join(piece.text for piece in file.pieces) == text
    for one in file.instructions:
        assert text[one.start : one.end] == one.raw
        assert text.count("\n", 0, one.start) + 1 == one.line
        assert text.count("\n", 0, one.end) + 1 == one.end_line
        for word in one.words:
            assert one.start <= word.start <= word.end <= one.end
    offsets = [piece.start for piece in file.pieces]
    assert offsets == sorted(offsets)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(REAL)), st.integers(0, 7))
def test_a_damaged_file_is_read_to_its_end(cut: int, bit: int) -> None:
    at = min(cut, len(REAL) - 1)
    damaged = REAL[:at] + chr(ord(REAL[at]) ^ (1 << bit)) + REAL[at + 1 :]

    for text in (REAL[:cut], damaged):
        assert "".join(piece.text for piece in parse(text).pieces) == text
