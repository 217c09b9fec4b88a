"""CODEOWNERS: the last line that matches wins, and the two forges differ in the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.project.codeowners import Dialect, parse_codeowners
from scantling.project.paths import matches

# The cases of GitHub Docs, "About code owners", "Example of a CODEOWNERS file".
GITHUB = """\
# comment
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs2@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat2
/apps2/ @octocat
/apps2/github
/a\\ b/ @space
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@global-owner1", "@global-owner2")),
        ("src/a.js", ("@js-owner",)),
        ("src/a.go", ("docs@example.com",)),
        ("x/y.txt", ("@octo-org/octocats",)),
        ("docs/getting-started.md", ("@doctocat",)),
        ("docs/build-app/troubleshooting.md", ("@doctocat",)),
        ("deep/apps/x/y", ("@octocat",)),
        ("apps", ("@global-owner1", "@global-owner2")),
        ("deeply/nested/logs/a", ("@octocat2",)),
        ("build/logs/a", ("@octocat2",)),
        ("scripts/a", ("@doctocat", "@octocat")),
        ("apps2/a", ("@octocat",)),
        ("apps2/github/a", ()),
        ("apps2/github", ()),
        ("a b/c", ("@space",)),
        ("./src/a.js", ("@js-owner",)),
    ],
)
def test_github_reads_a_path_as_its_manual_says(path: str, owners: tuple[str, ...]) -> None:
    rules = parse_codeowners(GITHUB, ".github/CODEOWNERS")

    assert rules.dialect is Dialect.GITHUB
    assert rules.problems == ()
    assert rules.owners_of(path) == owners


def test_a_star_behind_a_folder_does_not_reach_into_folders_on_github() -> None:
    rules = parse_codeowners("docs/* @a\nsrc/x @b", "CODEOWNERS")

    assert rules.owners_of("docs/a.md") == ("@a",)
    assert rules.owners_of("docs/b/a.md") == ()
    assert rules.owners_of("other/docs/a.md") == ()
    assert rules.owners_of("src/x/y") == ("@b",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("!a @x", "GitHub knows no '!a'"),
        ("[ab].c @x", "GitHub knows no"),
        ("\\#a @x", "GitHub knows no"),
        ("a nobody", "'nobody' is no owner"),
        ("a @x @", "'@' is no owner"),
    ],
)
def test_a_line_that_github_skips_is_a_problem_and_owns_nothing(line: str, message: str) -> None:
    rules = parse_codeowners(f"* @all\n{line}\n", ".github/CODEOWNERS")

    [problem] = rules.problems
    assert problem.line == 2
    assert message in problem.message
    assert problem.hint
    assert rules.owners_of("a") == ("@all",)


GITLAB = """\
* @general
[Documentation] @docs-team
docs/
README.md
*.txt
# extended
^[Database][2] @database-team @@maintainer
model/db/
config/db/setup.md @docs-team
[documentation]
/ee/docs @ee
[Ruby] @ruby
*.rb
!/config/**/*.rb
/config/routes.rb @never
path\\ x/ @space
\\#pound.rb @hash
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("x", ("@general",)),
        ("docs/a", ("@general", "@docs-team")),
        ("a/docs/b/c", ("@general", "@docs-team")),
        ("a.txt", ("@general", "@docs-team")),
        ("model/db/x", ("@general", "@database-team", "@@maintainer")),
        ("lib/model/db/x", ("@general", "@database-team", "@@maintainer")),
        ("config/db/setup.md", ("@general", "@docs-team")),
        ("ee/docs", ("@general", "@ee")),
        ("ee/docs/a", ("@general", "@docs-team")),
        ("a.rb", ("@general", "@ruby")),
        ("config/routes.rb", ("@general",)),
        ("path x/a", ("@general", "@space")),
        ("#pound.rb", ("@general", "@hash")),
    ],
)
def test_gitlab_reads_a_path_section_by_section(path: str, owners: tuple[str, ...]) -> None:
    rules = parse_codeowners(GITLAB, "CODEOWNERS")

    assert rules.dialect is Dialect.GITLAB
    assert rules.owners_of(path) == owners


def test_a_section_may_be_optional_and_ask_for_approvals() -> None:
    found = parse_codeowners(GITLAB, "CODEOWNERS").ownership("model/db/x")

    assert [(one.section.name, one.section.optional, one.section.approvals) for one in found] == [
        ("", False, 1),
        ("Database", True, 2),
    ]
    assert found[1].line == 8


def test_gitlab_ignores_what_is_no_owner_and_says_so() -> None:
    rules = parse_codeowners("[A][0]\na nobody\n[ ]\nb @x\n", ".gitlab/CODEOWNERS")

    assert [one.line for one in rules.problems] == [1, 2, 3]
    assert rules.owners_of("b") == ("@x",)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["*", "/", "a", "**", "\\", "[", "]", "!", " @x", "#", "^", "\n"])
        | st.characters(),
        max_size=25,
    ).map("".join),
    st.text("ab/*.", max_size=10),
    st.sampled_from(Dialect),
)
def test_any_file_answers_for_any_path(text: str, path: str, dialect: Dialect) -> None:
    rules = parse_codeowners(text, "CODEOWNERS", dialect=dialect)

    for owner in rules.owners_of(path):
        assert "@" in owner


def test_many_stars_take_no_time() -> None:
    pattern = ("**", "*a*b*c*d*e*") * 100

    assert not matches(("a" * 200,) * 200, pattern)
