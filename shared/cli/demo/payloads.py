"""Payloads: what GitHub would announce of the demo's repositories, in GitHub's own shapes.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from typing import Any

from shared.cli.demo.cast import Developer
from shared.cli.demo.repositories import NOTHING, Commit, Repository
from shared.domain.instants import SECOND_US, rfc3339


def push(
    repository: Repository, sender: Developer, before: str, ref: str = "refs/heads/main"
) -> dict[str, Any]:
    """`sender` pushed everything since `before` (a hash, or forty zeros)."""
    after = repository.head()
    commits = [_commit(repository, commit) for commit in repository.commits(before, after)]
    compared = f"{before[:12]}...{after[:12]}" if before != NOTHING else f"commit/{after[:12]}"
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": before == NOTHING,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"{_page(repository)}/compare/{compared}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
        "repository": _repository(repository),
        "pusher": {"name": sender.login, "email": sender.email},
        "sender": sender.account,
    }


def star(repository: Repository, sender: Developer, at_s: int) -> dict[str, Any]:
    """`sender` starred the repository."""
    return {
        "action": "created",
        "starred_at": rfc3339(at_s * SECOND_US),
        "repository": _repository(repository),
        "sender": sender.account,
    }


def fork(repository: Repository, sender: Developer, number: int) -> dict[str, Any]:
    """`sender` forked the repository; the fork's id is `number`."""
    forkee = Repository(repository.path, sender, repository.name, number)
    return {
        "forkee": {**_repository(forkee), "fork": True},
        "repository": _repository(repository),
        "sender": sender.account,
    }


def _repository(repository: Repository) -> dict[str, Any]:
    owner = repository.owner
    return {
        "id": repository.id,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": False,
        "owner": {**owner.account, "name": owner.login, "email": owner.email},
        "html_url": _page(repository),
        "fork": False,
        "default_branch": "main",
    }


def _commit(repository: Repository, commit: Commit) -> dict[str, Any]:
    return {
        "id": commit.hash,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.committed_at,
        "url": f"{_page(repository)}/commit/{commit.hash}",
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        "added": commit.paths("A"),
        "removed": commit.paths("D"),
        "modified": commit.paths("M"),
    }


def _person(person: tuple[str, str]) -> dict[str, str]:
    name, email = person
    found = {"name": name, "email": email}
    if email.endswith("@users.noreply.github.com"):
        # GitHub adds the login of an author whose address it knows.
        found["username"] = email.partition("@")[0].partition("+")[2]
    return found


def _page(repository: Repository) -> str:
    return f"https://github.com/{repository.full_name}"
